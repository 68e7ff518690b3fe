import { describe, expect, it } from 'vitest';
import { ago, bytes, count, duration, millis, percent, rate, until } from './format.ts';

describe('numbers are short', () => {
  it.each([
    [null, '–'], [undefined, '–'], [NaN, '–'], [0, '0 %'], [0.0004, '0.04 %'], [0.05, '5 %'],
    [0.123, '12.3 %'], [0.9996, '100 %'], [1, '100 %'],
  ])('percent(%s) is %s', (share, expected) => expect(percent(share)).toBe(expected));
  it.each([[null, '–'], [0.04, '0.0 ms'], [9.96, '10 ms'], [123.4, '123 ms'], [12_340, '12.3 s']])(
    'millis(%s) is %s', (value, expected) => expect(millis(value)).toBe(expected));
  it.each([[0, '0'], [9999, '9999'], [12_345, '12.3k'], [4_000_000, '4.0M']])(
    'count(%s) is %s', (value, expected) => expect(count(value)).toBe(expected));
  it.each([[null, '–'], [0, '0'], [4.26, '4.3'], [400.4, '400']])(
    'rate(%s) is %s', (value, expected) => expect(rate(value)).toBe(expected));
  it.each([[640 * 1024, '640 KiB'], [12 << 20, '12 MiB'], [3 * 2 ** 29, '1.5 GiB']])(
    'bytes(%s) is %s', (value, expected) => expect(bytes(value)).toBe(expected));
});

describe('times are in their two largest units', () => {
  it.each([
    [-5, '0 s'], [0, '0 s'], [42_400, '42 s'], [60_000, '1 min'], [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'], [3_605_000, '1 h'], [349_200_000, '4 d 1 h'],
  ])('duration(%s) is %s', (ms, expected) => expect(duration(ms)).toBe(expected));
  it('counts from and to a moment', () => {
    const now = Date.parse('2026-01-01T00:01:30Z');
    expect(until('2026-01-01T00:02:00Z', now)).toBe('30 s');
    expect(ago('2026-01-01T00:00:00Z', now)).toBe('1 min');
    expect(ago('2026-01-01T00:02:00Z', now)).toBe('now');
  });
});
