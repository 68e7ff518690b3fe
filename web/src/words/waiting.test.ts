import { expect, it } from 'vitest';
import type { AbortReason, Outlook, Waiting } from '../api/model.ts';
import { aborted, abortedShort, nextMoment, outlook, waiting, waitsFor } from './waiting.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const until = '2026-01-01T00:01:05Z';
const revision = 'abc';
const evidence: Outlook = {
  weight: 5, budget: 20, at_risk: 1500, under: 16_000, judged: 290,
  limit: { evidence: { next: 25, requests: 400, seconds: 30 } },
};

const cases: [Waiting, string][] = [
  [{ for: 'Replicas', revision, have: 1, need: 3 }, '1 of 3 replicas of revision 2 to be available'],
  [{ for: 'Surplus', revision, have: 3, want: 1 }, 'replicas of revision 2 to go: 3 there, 1 wanted'],
  [{ for: 'Router', generation: 4 }, 'the router to confirm the split'],
  [{ for: 'PauseUntil', until }, 'the pause to end in 1 min 5 s'],
  [{ for: 'Promotion', reason: 'Step' }, 'somebody to promote it'],
  [{ for: 'Promotion', reason: 'BlueGreen' }, 'somebody to promote it: it is ready to take over'],
  [{ for: 'Promotion', reason: 'Inconclusive' }, 'somebody to promote or abort it: the analysis could not tell'],
  [{ for: 'Promotion', reason: 'InconclusiveExperiment' }, 'somebody to promote or abort it: the experiment could not tell'],
  [{ for: 'Promotion', reason: 'InconclusiveExposure' }, 'somebody to promote or abort it: its budget or its time is spent'],
  [{ for: 'Promotion', reason: 'User' }, 'somebody to resume it'],
  [{ for: 'Unpaused' }, 'spec.paused to be taken away'],
  [{ for: 'Analysis', run: 'r-1' }, 'the analysis r-1'],
  [{ for: 'Exposure', outlook: evidence }, 'evidence: 1.5 of 20 requests may be hurt, harm from 1.6 % up is excluded by 290 requests; 25 % needs about 400 more requests, 30 s'],
  [{ for: 'Experiment', experiment: 'e' }, 'the experiment e'],
  [{ for: 'ScaleDown', revision, until }, 'replicas of revision 2 to go in 1 min 5 s'],
  [{ for: 'Obstacle', revision, message: 'no image' }, 'somebody to mend revision 2: no image'],
];

it.each(cases)('says what it waits for: %j', (one, expected) => {
  expect(waiting(one, now, () => 'revision 2')).toBe(expected);
});

it('says what a share waits for', () => {
  const none = { ...evidence, under: null };
  expect(outlook({ ...none, limit: 'traffic' })).toMatch(/no harm is excluded yet; waits for requests: there are none$/);
  expect(outlook({ ...none, limit: 'given' })).toMatch(/the router to give 5 %$/);
  expect(outlook({ ...none, limit: 'spent' })).toMatch(/allows no share any more$/);
  expect(outlook({ ...none, limit: 'nothing' })).toMatch(/excluded yet$/);
  expect(outlook({ ...none, limit: { dwell: { until } } })).toMatch(/holds 5 % until \d\d:\d\d:05$/);
  const endless = { evidence: { next: 25, requests: null, seconds: null } };
  expect(outlook({ ...none, limit: endless })).toMatch(/25 % needs more evidence than requests bring at 5 %$/);
});

const reasons: [AbortReason, string][] = [
  ['Deadline', 'taken back: no progress before the deadline'],
  [{ User: { who: 'ada', why: null } }, 'aborted by ada'],
  [{ User: { who: 'ada', why: 'slow' } }, 'aborted by ada: slow'],
  [{ Analysis: { run: 'r', message: 'm' } }, 'taken back by r: m'],
  [{ Experiment: { experiment: 'e', message: 'm' } }, 'taken back by the experiment e: m'],
  [{ StoreWentBack: { known: 25, told: 5 } }, 'taken back: the store went back and knows a share of 25 %, the router was told 5 % later; take it up again with retry'],
];
it.each(reasons)('says why it was taken back: %j', (reason, expected) => expect(aborted(reason)).toBe(expected));

it('finds the next moment at which something happens by itself', () => {
  const later = '2026-01-01T02:00:00Z';
  expect(nextMoment([{ for: 'Unpaused' }])).toBeUndefined();
  expect(nextMoment([{ for: 'ScaleDown', revision, until: later }, { for: 'PauseUntil', until }])).toBe(until);
  expect(waitsFor('person')).toBe('a person');
  expect(waitsFor(null)).toBe('');
});

it('tells in the space of a row what was found, not who found it', () => {
  expect(abortedShort({ Analysis: { run: 'r', message: 'metric "judge": errors: canary 66.7 % of 6' } })).toBe('taken back: errors: canary 66.7 % of 6');
  expect(abortedShort({ User: { who: 'ada', why: null } })).toBe('aborted by ada');
});
