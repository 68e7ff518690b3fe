import { expect, it } from 'vitest';
import type { Run } from '../api/model.ts';
import { queryOf } from './query.ts';

const run = (provider: object, metadata?: object) => ({
  spec: { metrics: [{ name: 'm', provider }] }, status: { metrics: { m: { metadata } } },
}) as unknown as Run;

it.each([
  [run({ Prometheus: { query: 'up' } }), 'up'],
  [run({ Prometheus: { query: '{{args.q}}' } }, { ResolvedPrometheusQuery: 'up{a="1"}' }), 'up{a="1"}'],
  [run({ Web: { url: 'http://a/' } }), 'http://a/'],
  [run({ Judge: { alpha: 0.01, error_odds_margin: 1.25, quantiles: [0.5, 0.99], latency_margin: 0.1 } }),
    "the router's own counts: errors (odds up to 1.25 of the stable revision's are accepted), p50, p99 (up to 10 % more); a false alarm in at most 1 % of releases"],
  [run({ Job: { image: 'x' } }), 'Job {\n "image": "x"\n}'],
])('%#', (it, expected) => expect(queryOf(it, 'm')).toBe(expected));
