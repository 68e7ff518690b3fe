import { expect, it } from 'vitest';
import type { DoraMetric } from '../api/model.ts';
import { dora } from './dora.ts';

it.each<[Partial<DoraMetric>, string]>([
  [{ unit: 'seconds', median: 185, value: null }, '3 min 5 s'], [{ unit: 'ratio', value: 0.25 }, '25 %'], [{ unit: 'seconds', median: 0.29 }, '0.3 s'],
  [{ unit: 'deploymentsPerDay', value: 1.234 }, '1.23 a day'], [{ unit: 'ratio', value: null }, '–'],
])('%j: %s', (metric, expected) => {
  expect(dora({ median: null, ...metric } as DoraMetric)).toBe(expected);
});
