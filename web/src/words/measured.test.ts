import { expect, it } from 'vitest';
import type { Measurement } from '../api/model.ts';
import { barIn, lineOf, numberOf } from './measured.ts';

it.each([['0.5', 0.5], ['[0.99]', 0.99], ['[1,2]', undefined], ['', undefined], ['NaN', undefined], ['{"a":1}', undefined]])(
  '%s is the number %s', (value, expected) => expect(numberOf(value)).toBe(expected));

it.each([
  ['result[0] >= 0.95', 0.95], ['result < 10', 10], [' result[0]<=1e-3 ', 0.001], ['result[0] > 1 && result[0] < 2', undefined],
  ['len(result) == 0', undefined], [null, undefined],
])('%s has the bar %s', (condition, expected) => expect(barIn(condition)).toBe(expected));

const measured = (...values: string[]) => values.map((value) => ({ value }) as Measurement);

it('draws values between the least and the greatest, the bar among them', () => {
  expect(lineOf(measured('1', '3'), 2)).toEqual({ points: '0.00,28.00 100.00,2.00', bar: 15, low: 1, high: 3 });
  expect(lineOf(measured('[1]', 'x', '[1]'), undefined)).toEqual({ points: '0.00,15.00 100.00,15.00', bar: undefined, low: 1, high: 1 });
  expect(lineOf(measured('1'), 2)).toBeUndefined();
});
