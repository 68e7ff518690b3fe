import { expect, it } from 'vitest';
import { aligned, moments, PLOTS, rangeOf, spanSince } from './series.ts';

it('asks over whole steps', () => {
  expect(rangeOf(1_000_007_900, 300)).toEqual({ start: 999_706, end: 1_000_006, step: 2 });
  expect(moments({ start: 0, end: 10, step: 5 })).toEqual([0, 5, 10]);
});

it('has a value or none for each moment', () => {
  const values: [number, string][] = [[5, '0.5'], [10, 'NaN'], [15, '2']];
  const matrix = { data: { result: [{ metric: { revision: 'a' }, values }] } };
  expect(aligned(matrix, 'a', [0, 5, 10, 15])).toEqual([null, 0.5, null, 2]);
  expect(aligned(matrix, 'b', [0])).toEqual([null]);
});

it('names the rollout in each question', () => {
  for (const plot of PLOTS) expect(plot.query('shop/web')).toContain('rollout="shop/web"');
});

it('asks for the interval about a quantile by the requests of that revision', () => {
  const [low, high] = PLOTS.find(({ test }) => test === 'p90')?.band?.('shop/web', 'abc') ?? [];
  // 1.96 times the root of 0.9 times 0.1.
  expect(low).toContain('clamp(0.9 - 0.587989 / sqrt(sum(increase(tidegate_router_requests_total{rollout="shop/web",revision="abc"}');
  expect(high).toContain('clamp(0.9 + 0.587989 / sqrt(');
});

it.each([[undefined, 5], ['1970-01-01T00:00:00Z', 5], ['1969-12-31T23:55:00Z', 15], ['1969-12-31T23:40:00Z', 30], ['1969-12-31T23:30:00Z', 60], ['1969-01-01T00:00:00Z', 60]])(
  'shows a release that began at %s in %s minutes', (began, minutes) => expect(spanSince(began, 0)).toBe(minutes));
