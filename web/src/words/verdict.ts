import type { Test, Verdict } from '../api/model.ts';
import { count, millis, percent } from './format.ts';

/** A verdict in few words, with what it still needs. */
export function verdict(it: Verdict | undefined): string {
  if (it === undefined) return 'not looked at yet';
  if (it === 'Worse') return 'worse';
  if (it === 'NoWorse') return 'no worse';
  const { needs } = it.Inconclusive;
  return needs == null ? 'too few requests to tell' : `open: about ${count(needs)} more requests`;
}

/** A value of a test in its unit. */
export function value(test: Test, of: 'canary' | 'stable'): string {
  return test.unit === 'Milliseconds' ? millis(test[of]) : percent(test[of]);
}

/** Evidence as the odds that people read: `1 : 200`; `none` below even. */
export function odds(log: number): string {
  if (log <= 0) return 'none';
  return log > 20.7 ? '1 : 10⁹ and more' : `1 : ${count(Math.exp(log))}`;
}

/** How far the evidence is on its way to the bar, 0 to 1. */
export function progress(test: Test): number {
  return test.log_bar <= 0 ? 0 : Math.max(0, Math.min(1, test.log_evidence / test.log_bar));
}

/** The interval of 95 % about a share that was counted `hits` times of `n`: Wilson (1927). */
export function wilson(hits: number, n: number): [number, number] | null {
  if (n <= 0) return null;
  const z = 1.959964;
  const share = Math.min(1, hits / n);
  const middle = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** Whether a verdict is good, bad or still open. */
export function toneOf(it: Verdict | undefined): 'good' | 'bad' | 'open' {
  return it === 'Worse' ? 'bad' : it === 'NoWorse' ? 'good' : 'open';
}
