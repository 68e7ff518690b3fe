import { expect, it } from 'vitest';
import { address } from './address.ts';

it('fills names, and writes no slash or question mark of theirs', () => {
  const path = { namespace: 'a/b', name: 'c?d' };
  expect(address('/v1/namespaces/{namespace}/rollouts/{name}/view', { path })).toBe('/v1/namespaces/a%2Fb/rollouts/c%3Fd/view');
});

it('asks for what is given, and leaves out what is empty', () => {
  expect(address('/v1/ledger', { query: { limit: 5, search: 'a b', what: '' } })).toBe('/v1/ledger?limit=5&search=a+b');
  expect(address('/v1/ledger')).toBe('/v1/ledger');
});
