import { expect, it } from 'vitest';
import type { Run, Test } from '../api/model.ts';
import { barOf, beneath, headline, judged } from './judged.ts';

const test = (more: Partial<Test>): Test => ({
  name: 'errors', unit: 'Share', canary: 0, stable: 0.2, canary_count: 334, stable_count: 1623, verdict: { Inconclusive: { needs: 500 } }, ...more,
}) as Test;
const run = (evidence: object | null, metric: object = {}, phase = 'Running') => ({
  spec: { metrics: [{ name: 'judge', provider: { Judge: { error_odds_margin: 1.25, latency_margin: 0.1 } } }] },
  status: { phase, message: '', metrics: { judge: { message: 'm', successful: 3, failed: 1, inconclusive: 0, errors: 0, evidence, ...metric } } },
}) as unknown as Run;

it.each<[Partial<Test>, (number | null)[]]>([
  // Odds of 0.25 times 1.25 are 5 : 16, a share of 5 in 21.
  [{ stable: 0.2 }, [5 / 21, null, 5 / 21]], [{ stable: 0 }, [0, null, 0]], [{ stable: 1 }, [1, null, 1]], [{ stable: null }, []],
  [{ unit: 'Milliseconds', stable: 40 }, [11, null, 22]],
])('the bar of %j is %j', (more, expected) => {
  const bar = barOf(test(more), { odds: 1.25, latency: 0.1 }, [10, null, 20]);
  expect(bar.map((one) => one?.toFixed(9))).toEqual(expected.map((one) => one?.toFixed(9)));
});

it('takes the newest judgement, with the margins it was asked with', () => {
  expect(judged([run(null), run({ tests: [test({})], verdict: 'NoWorse' })])?.margins).toEqual({ odds: 1.25, latency: 0.1 });
  expect(judged([run(null)])).toBeUndefined();
  expect(beneath(test({}))).toBe('open: about 500 more requests · 334 canary, 1623 stable');
});

it.each<[Run[], string, string, string]>([
  [[run({ tests: [test({ verdict: 'Worse' }), test({ name: 'p50' })], verdict: 'Worse' })], 'bad', 'worse: errors', 'from 334 canary requests'],
  [[run({ tests: [test({ verdict: 'NoWorse' })], verdict: 'NoWorse' })], 'good', 'no worse', 'from 334 canary requests'],
  [[run({ tests: [test({}), test({ verdict: 'NoWorse' })], verdict: { Inconclusive: { needs: 500 } } })], 'open', 'open: 1 of 2 shown no worse', '334 canary requests, about 500 more needed'],
  [[run({ tests: [test({ canary_count: 0 })], verdict: { Inconclusive: { needs: null } } })], 'open', 'open: 0 of 1 shown no worse', '0 canary requests, too few to tell'],
  [[run(null)], 'open', 'measuring', '3 measurements good, 1 failed, 0 open'],
  [[run(null, {}, 'Failed')], 'bad', 'failed', '3 measurements good, 1 failed, 0 open'],
])('%#', (runs, tone, words, rest) => { expect(headline(runs)).toEqual({ tone, words, rest }); });

it('says nothing where nothing was measured', () => { expect(headline([])).toBeUndefined(); });
