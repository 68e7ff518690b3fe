import { expect, it } from 'vitest';
import { fieldOf, plain } from './field.ts';

const fields = { name: 'a b!', groups: '', expiresAt: '2020-01-01' };

it.each([
  ['"a b!" is no name: it has 1 to 63 of a-z', 'name'], ['`expiresAt` is over already', 'expiresAt'], ['there is "" no such thing', undefined],
  ['the store refuses', undefined],
])('%s is about %s', (detail, expected) => expect(fieldOf(detail, fields)).toBe(expected));

it('leaves out where in the JSON it was', () => {
  expect(plain('the body is not what is asked for: "a b!" is no name at line 1 column 14')).toBe('"a b!" is no name');
});
