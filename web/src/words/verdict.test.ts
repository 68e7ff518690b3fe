import { expect, it } from 'vitest';
import type { Test, Verdict } from '../api/model.ts';
import { odds, progress, value, verdict, wilson } from './verdict.ts';

it.each<[Verdict | undefined, string]>([
  [undefined, 'not looked at yet'], ['Worse', 'worse'], ['NoWorse', 'no worse'],
  [{ Inconclusive: { needs: null } }, 'too few requests to tell'],
  [{ Inconclusive: { needs: 12_345 } }, 'open: about 12.3k more requests'],
])('%j reads %s', (it, expected) => expect(verdict(it)).toBe(expected));

it('reads evidence as odds, on its way to the bar', () => {
  expect([-1, 0, Math.log(200), 40].map(odds)).toEqual(['none', 'none', '1 : 200', '1 : 10⁹ and more']);
  const test = { log_evidence: 2, log_bar: 8, unit: 'Share', canary: 0.6, stable: null } as Test;
  expect(progress(test)).toBe(0.25);
  expect(progress({ ...test, log_evidence: -3 })).toBe(0);
  expect(progress({ ...test, log_evidence: 9 })).toBe(1);
  expect([value(test, 'canary'), value(test, 'stable')]).toEqual(['60 %', '–']);
  expect(value({ ...test, unit: 'Milliseconds', canary: 16 }, 'canary')).toBe('16 ms');
});

// The interval for 15 of 148 is that of Newcombe (1998), table I: 0.0624 to 0.1605.
it.each([[81, 263, 0.2553, 0.3662], [15, 148, 0.0624, 0.1605], [0, 20, 0, 0.1611], [1, 29, 0.0061, 0.1718]])(
  'of %s in %s requests: %s to %s', (hits, n, low, high) => {
    const interval = wilson(hits, n);
    expect(interval?.[0]).toBeCloseTo(low, 4);
    expect(interval?.[1]).toBeCloseTo(high, 4);
    expect(wilson(0, 0)).toBeNull();
  });
