import { expect, it } from 'vitest';
import { asked, wishOf } from './wish.ts';

it('reads the filters of an address and asks for those that are set', () => {
  const wish = wishOf(new URLSearchParams('search=+web+&what=Aborted&other=1'));
  expect(wish.search).toBe('web');
  expect(asked(wish)).toEqual({ search: 'web', what: 'Aborted' });
});

it('asks for whole days of the reader, and for moments as they are', () => {
  const wish = asked(wishOf(new URLSearchParams('since=2026-11-23&until=2026-11-23')));
  expect(Date.parse(wish.until ?? '') - Date.parse(wish.since ?? '')).toBe(86_400_000);
  expect(wish.since).toBe(new Date(2026, 10, 23).toISOString());
  expect(asked(wishOf(new URLSearchParams('since=2026-11-23T08:00:00Z'))).since).toBe('2026-11-23T08:00:00Z');
});
