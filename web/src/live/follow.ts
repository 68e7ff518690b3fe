import { ask, Problem } from '../api/client.ts';
import { EventReader, pause, type Happening } from './events.ts';

/** What is told while a stream is followed. */
export interface Follower {
  /** Where to read on: an address, made anew for each connection. */
  address: () => string;
  /** Events, in their order. */
  told: (events: Happening[]) => void;
  /** That the connection is there. */
  connected: () => void;
  /** That it is lost; it is tried again until it is there. */
  lost: () => void;
}

/** Without a word for so long a connection is taken for dead; the server says something every 15 s. */
const SILENCE = 40_000;

/** Follows a stream until `signal` ends it; comes back by itself. */
export async function follow(follower: Follower, signal: AbortSignal): Promise<void> {
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      await once(follower, signal, () => { tries = 0; });
    } catch (error) {
      if (signal.aborted) return;
      // The page asks for a sign-in, or shows that there is no such thing: no use in going on.
      if (error instanceof Problem && [401, 403, 404].includes(error.status)) return;
    }
    if (signal.aborted) return;
    follower.lost();
    await new Promise((resolve) => setTimeout(resolve, pause(tries)));
  }
}

async function once(follower: Follower, signal: AbortSignal, alive: () => void): Promise<void> {
  const silence = new AbortController();
  const stop = () => { silence.abort(); };
  signal.addEventListener('abort', stop);
  let timer = setTimeout(stop, SILENCE);
  try {
    const response = await ask(follower.address(), {
      signal: silence.signal,
      headers: { accept: 'text/event-stream' },
    });
    const stream = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (stream === undefined) return;
    follower.connected();
    const reader = new EventReader();
    for (;;) {
      const { done, value } = await stream.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(stop, SILENCE);
      alive();
      const events = reader.take(value);
      if (events.length > 0) follower.told(events);
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
