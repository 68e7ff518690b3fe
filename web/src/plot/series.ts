/** What the plots ask of the server's series, and what they make of the answers. */

export interface Range {
  start: number;
  end: number;
  step: number;
}

export interface PlotSpec {
  /** The name of the judge's test of it; empty where there is none. */
  test: string;
  title: string;
  unit: 'rate' | 'share' | 'ms';
  query: (rollout: string) => string;
  /** The lower and the upper edge of the interval about a revision's value, where questions give it. */
  band?: (rollout: string, revision: string) => [string, string];
}

/** What is drawn in one plot. */
export interface Drawn {
  at: number[];
  /** Of the stable revision, and of the one that is on its way. */
  lines: (number | null)[][];
  band: ([number, number] | null)[];
}

/** A moment that is marked in every plot. */
export interface Mark {
  at: number;
  words: string;
}

/** The window of a rate. The router is read at least every two seconds, so there are always some readings in it. */
const WINDOW = '20s';

const requests = (rollout: string, more = '') =>
  `sum by (revision) (rate(tidegate_router_requests_total{rollout="${rollout}"${more}}[${WINDOW}]))`;
const errors = (rollout: string) => requests(rollout, ',class="5xx"');
const quantile = (share: string) => (rollout: string, more = '') =>
  `1000 * histogram_quantile(${share}, sum by (revision, le) (rate(tidegate_router_latency_seconds_bucket{rollout="${rollout}"${more}}[${WINDOW}])))`;

/**
 * The interval of 95 % about a quantile of one revision: of `n` requests the one at `q` lies, 95 times of 100, between
 * those at q ± 1.96 √(q (1 − q) / n), by the normal approximation of the binomial (Conover 1999, 3.2).
 */
function bandOf(share: number): NonNullable<PlotSpec['band']> {
  return (rollout, revision) => {
    const one = `,revision="${revision}"`;
    const n = `sum(increase(tidegate_router_requests_total{rollout="${rollout}"${one}}[${WINDOW}]))`;
    const spread = `${(1.959964 * Math.sqrt(share * (1 - share))).toFixed(6)} / sqrt(${n})`;
    const edge = (sign: string) => quantile(`scalar(clamp(${share} ${sign} ${spread}, 0, 1))`)(rollout, one);
    return [edge('-'), edge('+')];
  };
}

/** The error rate is nought, not unknown, where there are requests and none of them failed. */
const errorRate = (rollout: string) => `(${errors(rollout)} or 0 * ${requests(rollout)}) / ${requests(rollout)}`;

/** The quantiles that the judge looks at, unless it is told otherwise. */
const QUANTILES = [0.5, 0.9, 0.99];

/** What is drawn: one plot for each test of the judge, under its name, and the requests that all rest on. */
export const PLOTS: PlotSpec[] = [
  { test: 'errors', title: 'Error rate', unit: 'share', query: errorRate },
  ...QUANTILES.map((share): PlotSpec => ({
    test: `p${share * 100}`, title: `Latency p${share * 100}`, unit: 'ms', query: quantile(`${share}`), band: bandOf(share),
  })),
  { test: '', title: 'Requests per second', unit: 'rate', query: requests },
];

/** Seconds that a rate is over, for whoever counts back from it. */
export const WINDOW_S = 20;

/** The answer of Prometheus' API to a question over a time. */
export interface Matrix {
  data: { result: { metric: { revision?: string }; values: [number, string][] }[] };
}

/** The moments of a range. */
export function moments({ start, end, step }: Range): number[] {
  return Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);
}

/** One value for each moment, of the series of a revision; null where there is none. */
export function aligned(matrix: Matrix, revision: string, at: number[]): (number | null)[] {
  const found = matrix.data.result.find((series) => series.metric.revision === revision);
  const values = new Map(found?.values.map(([moment, value]) => [Math.round(moment), Number(value)]));
  return at.map((moment) => {
    const value = values.get(Math.round(moment));
    return value === undefined || !Number.isFinite(value) ? null : value;
  });
}

/** A range that ends at a whole step, so that the points stay where they are from one look to the next. */
export function rangeOf(now: number, seconds: number): Range {
  const step = Math.max(1, Math.ceil(seconds / 150));
  const end = Math.floor(now / 1000 / step) * step;
  return { start: end - Math.floor(seconds / step) * step, end, step };
}

/** The spans that can be chosen, in minutes. */
export const SPANS = [5, 15, 30, 60];

/** The least span that shows all of what began at a moment. */
export function spanSince(began: string | undefined, now: number): number {
  const minutes = began === undefined ? 0 : (now - Date.parse(began)) / 60_000;
  return SPANS.find((span) => minutes < span * 0.9) ?? 60;
}
