import { describe, expect, it } from 'vitest';
import { EventReader, pause } from './events.ts';

describe('a stream of events', () => {
  it('is read whatever pieces it comes in', () => {
    const text = ': beat\n\nid: 7\nevent: rollouts\ndata: {"a":\ndata: 1}\n\ndata:x\nid: 8\n\nevent: half';
    const whole = new EventReader().take(text);
    const reader = new EventReader();
    const bitwise = [...text].flatMap((letter) => reader.take(letter));
    expect(whole).toEqual([
      { event: 'rollouts', data: '{"a":\n1}', id: '7' },
      { event: 'message', data: 'x', id: '8' },
    ]);
    expect(bitwise).toEqual(whole);
  });
  it('keeps the last id, from which it goes on', () => {
    const reader = new EventReader();
    expect(reader.take('id: 3\ndata: a\n\n')[0]?.id).toBe('3');
    expect(reader.take('data: b\r\n\r\n')[0]?.id).toBe('3');
  });
  it('tells nothing of comments and empty events', () => {
    expect(new EventReader().take(':\n\nevent: x\n\n')).toEqual([]);
  });
});

it('waits longer after each try, and never long', () => {
  expect([0, 1, 2, 5, 100].map(pause)).toEqual([250, 500, 1000, 5000, 5000]);
});
