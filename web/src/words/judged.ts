import type { Run, Test, Verdict } from '../api/model.ts';
import { count } from './format.ts';
import { verdict } from './verdict.ts';

/** What the judge says of a release, as far as it has been asked: its tests, its margins, the run it belongs to. */
export interface Judged {
  run: Run;
  message: string;
  verdict: Verdict;
  tests: Test[];
  margins: { odds: number; latency: number };
}

/** The newest judgement among runs, which stand with the newest first. */
export function judged(runs: Run[]): Judged | undefined {
  for (const run of runs) {
    for (const [name, metric] of Object.entries(run.status.metrics)) {
      if (metric.evidence == null) continue;
      const { tests, verdict: it } = metric.evidence;
      return { run, message: metric.message || run.status.message, verdict: it, tests, margins: marginsOf(run, name) };
    }
  }
  return undefined;
}

function marginsOf(run: Run, metric: string): Judged['margins'] {
  const provider = run.spec.metrics.find(({ name }) => name === metric)?.provider as { Judge?: Settings } | undefined;
  return { odds: provider?.Judge?.error_odds_margin ?? 1, latency: provider?.Judge?.latency_margin ?? 0 };
}

interface Settings {
  error_odds_margin?: number;
  latency_margin?: number;
}

/**
 * The bar of a test at each moment: what the canary has to be beyond to count as worse. Whether it is beyond is for the
 * test to show. Of an error rate it follows from all that was counted of the stable revision; of a latency from what is
 * drawn of it, whose buckets are coarser than the judge's, so that both lines are measured by one rule.
 */
export function barOf(test: Test, margins: Judged['margins'], stable: (number | null)[]): (number | null)[] {
  if (test.unit === 'Milliseconds') return stable.map((value) => (value === null ? null : value * (1 + margins.latency)));
  if (test.stable == null) return [];
  const odds = (test.stable / (1 - test.stable)) * margins.odds;
  const share = test.stable >= 1 ? 1 : odds / (1 + odds);
  return stable.map((value) => (value === null ? null : share));
}

/** What stands beneath the plot of a test: its verdict, its sample, and what it still needs. */
export function beneath(test: Test): string {
  return `${verdict(test.verdict)} · ${count(test.canary_count)} canary, ${count(test.stable_count)} stable`;
}

/** The verdict on a release in one glance. */
export interface Headline {
  tone: 'good' | 'bad' | 'open';
  words: string;
  /** What it rests on, and what it still needs. */
  rest: string;
}

/** The verdict on what is on its way, from the judge or, where it is not asked, from the newest run. */
export function headline(runs: Run[]): Headline | undefined {
  const found = judged(runs);
  if (found !== undefined) return ofTests(found);
  const run = runs[0];
  if (run === undefined) return undefined;
  const metrics = Object.values(run.status.metrics);
  const sum = (of: 'successful' | 'failed' | 'inconclusive' | 'errors') => metrics.reduce((all, one) => all + one[of], 0);
  const rest = `${sum('successful')} measurements good, ${sum('failed')} failed, ${sum('inconclusive')} open`;
  const { phase } = run.status;
  const tone = phase === 'Successful' ? 'good' : phase === 'Failed' || phase === 'Error' ? 'bad' : 'open';
  return { tone, words: phase === 'Running' ? 'measuring' : phase.toLowerCase(), rest };
}

function ofTests({ verdict: it, tests }: Judged): Headline {
  const sample = `${count(Math.max(0, ...tests.map((test) => test.canary_count)))} canary requests`;
  if (it === 'Worse') {
    const worse = tests.filter((test) => test.verdict === 'Worse').map((test) => test.name);
    return { tone: 'bad', words: `worse${worse.length > 0 ? `: ${worse.join(', ')}` : ''}`, rest: `from ${sample}` };
  }
  if (it === 'NoWorse') return { tone: 'good', words: 'no worse', rest: `from ${sample}` };
  const shown = tests.filter((test) => test.verdict === 'NoWorse').length;
  const needs = it.Inconclusive.needs == null ? 'too few to tell' : `about ${count(it.Inconclusive.needs)} more needed`;
  return { tone: 'open', words: `open: ${shown} of ${tests.length} shown no worse`, rest: `${sample}, ${needs}` };
}
