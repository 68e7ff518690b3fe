import type { Measurement } from '../api/model.ts';

/** The number of a measurement: its value, or the first of a list with one. None where it is no single number. */
export function numberOf(value: string): number | undefined {
  const text = /^\[([^,\]]+)\]$/.exec(value.trim())?.[1] ?? value.trim();
  const number = text === '' ? NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** The bar that a condition compares its result with: `result[0] >= 0.95` has 0.95. None where it compares otherwise. */
export function barIn(condition: string | null | undefined): number | undefined {
  const found = /^\s*(?:\w+\()?result(?:\[0\])?\)?\s*(?:[<>]=?)\s*(-?[\d.]+(?:e-?\d+)?)\s*$/.exec(condition ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}

/** A line through measured values, oldest first, and the bar, in a box of 100 by 30. */
export interface Line {
  points: string;
  bar: number | undefined;
  low: number;
  high: number;
}

/** The line of what was measured; none where there are fewer than two numbers. */
export function lineOf(measurements: Measurement[], bar: number | undefined): Line | undefined {
  const values = measurements.map(({ value }) => numberOf(value)).filter((value) => value !== undefined);
  if (values.length < 2) return undefined;
  const all = bar === undefined ? values : [...values, bar];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const y = (value: number) => (high === low ? 15 : 28 - (26 * (value - low)) / (high - low));
  const points = values.map((value, index) => `${((100 * index) / (values.length - 1)).toFixed(2)},${y(value).toFixed(2)}`);
  return { points: points.join(' '), bar: bar === undefined ? undefined : y(bar), low, high };
}
