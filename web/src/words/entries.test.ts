import { expect, it } from 'vitest';
import type { Entry } from '../api/model.ts';
import { actor, evidence, newestDecision, sentence, subject } from './entries.ts';

const entry = (what: string, detail: unknown) => ({
  what, detail, actor: { kind: 'person', name: 'ada' }, subject: { kind: 'Rollout', key: 'shop/web' },
}) as unknown as Entry;

it.each([
  ['Applied', { outcome: 'created', manifest: {} }, 'Rollout created'],
  ['RevisionWanted', { number: 2, revision: 'abc', generation: 1 }, 'revision 2 (abc) is wanted'],
  ['Scaled', { revision: 'abc', from: 0, to: 2 }, 'abc: 0 → 2 replicas'],
  ['WeightSet', { revision: 'abc', from: 5, to: 25 }, 'abc gets 25 % (before: 5 %)'],
  ['Promoted', { revision: 'abc' }, 'abc reached all users and is stable'],
  ['StepCompleted', { index: 0 }, 'step 1 is done'],
  ['Paused', { reason: 'Step' }, 'paused: Step'],
  ['RunStarted', { run: 'r' }, 'the analysis r began'],
  ['RunEnded', { run: 'r', outcome: 'failed: m' }, 'the analysis r failed: m'],
  ['Aborted', { reason: 'Deadline' }, 'taken back: no progress before the deadline'],
  ['RunDecided', { event: { message: 'because', phase: 'Failed' }, run: 'r' }, 'because'],
  ['Scaled', { template: 'baseline', from: 0, to: 1 }, 'baseline: 0 → 1 replicas'],
  ['RoutesSet', { routes: ['testers'], sends: true }, 'testers send to the new revision'],
  ['RoleGiven', { subject: { account: 'eve' }, role: 'viewer', namespace: '*', application: 'web' }, 'eve is viewer of */web'],
  ['TemplateMoved', { template: 'new', to: 'Running', message: '' }, 'template new is Running'],
  ['Unheard', { generation: 4, a: 1, b: 'c', d: {} }, 'a 1, b c'],
])('%s %j: %s', (what, detail, expected) => {
  expect(sentence(entry(what, detail))).toBe(expected);
});

it.each([
  [['Applied', 'WeightSet 5', 'Aborted', 'WeightSet 0', 'Scaled'], 2], [['Applied', 'WeightSet 100', 'Promoted', 'Scaled'], 2],
  [['Aborted', 'RevisionWanted', 'WeightSet 5', 'Scaled'], 2], [['Scaled'], 0], [[], 0],
])('of %j the newest decision is at %s', (all, expected) => {
  const entries = all.map((one) => entry(one.split(' ')[0] ?? '', { to: Number(one.split(' ')[1]) }));
  expect(newestDecision(entries)).toBe(expected);
});

it('says who and about what', () => {
  expect([actor(entry('x', {})), subject(entry('x', {}))]).toEqual(['ada', 'shop/web']);
});

it('finds the evidence wherever it is', () => {
  expect(evidence({ evidence: { run: { metrics: { judge: { evidence: { tests: [{ name: 'errors' }] } } } } } })).toEqual([{ name: 'errors' }]);
  expect(evidence({ tests: [] })).toEqual([]);
  expect(evidence(null)).toEqual([]);
});
