import { expect, it } from 'vitest';
import type { Phase, RolloutSummary } from '../api/model.ts';
import { arrange, type Wish } from './rows.ts';

function row(name: string, phase: Phase, rate = 0, errors: number | null = null): RolloutSummary {
  const [namespace = '', short = ''] = name.split('/');
  return {
    namespace, name: short, phase, requestRate: rate, errorRate: errors, images: [`shop/${short}:1`],
    wantedWeight: 100, waitsFor: null, changedAt: '', actualWeight: 100,
  } as unknown as RolloutSummary;
}

const rows = [row('b/web', 'Healthy', 5), row('a/web', 'Healthy', 9, 0.1), row('a/api', 'Degraded', 1, 0), row('c/job', 'Paused')];

it.each<[Partial<Wish>, string]>([
  [{}, 'a/api c/job a/web b/web'],
  [{ sort: 'name' }, 'a/api a/web b/web c/job'],
  [{ sort: 'requests', down: true }, 'a/web b/web a/api c/job'],
  [{ sort: 'errors', down: true }, 'a/web a/api b/web c/job'],
  [{ namespace: 'a' }, 'a/api a/web'],
  [{ phase: 'Healthy' }, 'a/web b/web'],
  [{ search: ' SHOP/Job ' }, 'c/job'],
  [{ search: 'a/' }, 'a/api a/web'],
  [{ search: 'nothing' }, ''],
])('%j: %s', (wish, expected) => {
  const whole: Wish = { search: '', namespace: '', phase: '', sort: 'phase', down: false, ...wish };
  expect(arrange(rows, whole).map((one) => `${one.namespace}/${one.name}`).join(' ')).toBe(expected);
});
