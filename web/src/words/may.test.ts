import { expect, it } from 'vitest';
import { allowed, refusals } from './may.ts';

const permissions = {
  read: { allowed: true },
  promote: { allowed: false, reason: 'to promote needs one of the roles approver, admin there' },
  resume: { allowed: false, reason: 'to resume needs one of the roles approver, admin there' },
  'promote-full': { allowed: false, reason: 'you made this revision' },
  undo: { allowed: false },
};

it('gathers what is refused by its reasons', () => {
  expect(refusals(permissions)).toEqual([
    { verbs: ['promote', 'resume'], reason: 'needs one of the roles approver, admin there' },
    { verbs: ['promote-full'], reason: 'you made this revision' },
    { verbs: ['undo'], reason: 'your role does not allow it' },
  ]);
  expect(refusals(null)).toEqual([]);
});

it('names what is allowed', () => {
  expect(allowed(permissions)).toEqual(['read']);
  expect(allowed(null)).toEqual([]);
});
