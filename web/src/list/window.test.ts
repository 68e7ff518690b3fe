import { expect, it } from 'vitest';
import { windowOf } from './window.ts';

it.each([
  [0, 0, 600, [0, 0]], [10, 0, 600, [0, 10]], [5000, 0, 600, [0, 26]],
  [5000, 30_000, 600, [994, 1026]], [5000, 149_400, 600, [4974, 5000]],
  [20, 99_999, 600, [0, 20]], [5000, -50, 600, [0, 26]],
])('of %s rows scrolled by %s with %s px seen it draws %j', (count, scrolled, seen, [first, end]) => {
  const drawn = windowOf(count, 30, scrolled, seen);
  expect([drawn.first, drawn.end]).toEqual([first, end]);
  expect(drawn.above + drawn.below + (drawn.end - drawn.first) * 30).toBe(count * 30);
});
