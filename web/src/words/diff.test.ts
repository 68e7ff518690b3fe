import { expect, it } from 'vitest';
import { marked } from './diff.ts';

it('marks what came, went and stayed', () => {
  const text = '--- revision 2\n+++ revision 1\n@@ -1,2 +1,2 @@\n same\n-image: b\n+image: a\n';
  expect(marked(text).map(({ mark }) => mark)).toEqual(['place', 'place', 'place', 'same', 'gone', 'added']);
  expect(marked(text).at(-1)?.text).toBe('+image: a');
  expect(marked('')).toEqual([]);
});
