import type { Run } from '../api/model.ts';

/** What a metric asks, as it was asked where that is known: the query, the address, or the judge's settings. */
export function queryOf(run: Run, metric: string): string {
  const resolved = run.status.metrics[metric]?.metadata?.['ResolvedPrometheusQuery'];
  if (resolved !== undefined) return resolved;
  const spec = run.spec.metrics.find((one) => one.name === metric);
  if (spec === undefined) return '';
  const [kind, settings] = Object.entries(spec.provider as Record<string, unknown>)[0] ?? ['', {}];
  const { query, url } = (settings ?? {}) as { query?: unknown; url?: unknown };
  if (typeof query === 'string') return query;
  if (typeof url === 'string') return url;
  if (kind === 'Judge') return `the router's own counts: ${judge(settings)}`;
  return `${kind} ${JSON.stringify(settings, null, 1)}`;
}

function judge(settings: unknown): string {
  const it = settings as { alpha?: number; error_odds_margin?: number; quantiles?: number[]; latency_margin?: number };
  const quantiles = (it.quantiles ?? []).map((share) => `p${share * 100}`).join(', ');
  return `errors (odds up to ${it.error_odds_margin ?? '?'} of the stable revision's are accepted), ${quantiles} `
    + `(up to ${(it.latency_margin ?? 0) * 100} % more); a false alarm in at most ${(it.alpha ?? 0) * 100} % of releases`;
}
