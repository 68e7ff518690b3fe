import { expect, it } from 'vitest';
import type { Report, Waiting } from '../api/model.ts';
import { next } from './next.ts';

const report = (waiting: Waiting[], states: string, aborted: unknown = null) => ({
  waiting, aborted,
  steps: [...states].map((state, index) => ({ label: `step ${index}`, state: state === 'd' ? 'Done' : state === 'a' ? 'Active' : 'Ahead' })),
}) as unknown as Report;
const until = '2026-01-01T00:00:00Z';

it.each<[Report, object | undefined]>([
  [report([{ for: 'PauseUntil', until }], 'dax'), { what: 'step 2', at: until }],
  [report([{ for: 'PauseUntil', until }], 'dda'), { what: 'all users get it', at: until }],
  [report([{ for: 'Promotion', reason: 'Step' }], 'dax'), { what: 'step 2', once: 'once somebody promotes it' }],
  [report([{ for: 'Promotion', reason: 'User' }], 'dax'), { what: 'step 2', once: 'once somebody resumes it' }],
  [report([{ for: 'ScaleDown', revision: 'r', until }], 'ddd'), { what: 'old replicas go', at: until }],
  [report([{ for: 'Replicas', revision: 'r', have: 0, need: 1 }], ''), { what: 'all users get it', once: 'once the replicas are there' }],
  [report([], 'ddd'), undefined],
  [report([], 'dax', 'Deadline'), { what: 'nothing by itself', once: 'taken back: retry it, or release another revision' }],
])('%#', (it, expected) => { expect(next(it)).toEqual(expected); });

it('knows when an experiment in the way is over', () => {
  expect(next(report([{ for: 'Experiment', experiment: 'e' }], 'ax'), until)).toEqual({ what: 'step 1', at: until });
});
