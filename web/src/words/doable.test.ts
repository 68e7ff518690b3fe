import { describe, expect, it } from 'vitest';
import type { RolloutView } from '../api/model.ts';
import { doable, isProtected, type Action } from './doable.ts';

function view(change: { moving?: boolean; aborted?: boolean; held?: boolean; revisions?: number }): RolloutView {
  const revisions = Object.fromEntries(
    Array.from({ length: change.revisions ?? 2 }, (_, index) => [`r${index}`, { number: index, created_at: '' }]));
  return {
    report: {
      aborted: change.aborted === true ? 'Deadline' : null,
      waiting: change.held === true ? [{ for: 'Promotion', reason: 'User' }] : [],
    },
    status: { stable: 'r0', current: change.moving === true ? 'r1' : 'r0', revisions },
  } as unknown as RolloutView;
}

function possible(change: Parameters<typeof view>[0]): Action[] {
  const all: Action[] = ['promote', 'promote-full', 'pause', 'resume', 'abort', 'retry', 'undo'];
  return all.filter((action) => doable(action, view(change), null).can);
}

describe('what can be done', () => {
  it.each([
    [{}, ['undo']],
    [{ revisions: 1 }, []],
    [{ moving: true }, ['promote', 'promote-full', 'pause', 'abort', 'undo']],
    [{ moving: true, held: true }, ['promote', 'promote-full', 'resume', 'abort', 'undo']],
    [{ moving: true, aborted: true }, ['retry', 'undo']],
  ])('%j: %j', (change, expected) => { expect(possible(change)).toEqual(expected); });

  it('says why a role may not, before anything else', () => {
    const permissions = { promote: { allowed: false, reason: 'you are a viewer' } };
    expect(doable('promote', view({ moving: true }), permissions)).toEqual({ can: false, reason: 'you are a viewer' });
    expect(doable('abort', view({ moving: true }), permissions).can).toBe(true);
  });
});

it.each([
  ['production', true], ['prod', true], ['prod-eu', true], ['production-2', true], ['products', false],
  ['default', false], ['preprod', false],
])('%s is protected: %s', (namespace, expected) => {
  expect(isProtected(namespace, null)).toBe(expected);
  expect(isProtected(namespace, [{ name: namespace, protected: !expected }])).toBe(!expected);
});
