import { address } from '../api/address.ts';
import { Problem, read } from '../api/client.ts';
import type { Entry } from '../api/model.ts';
import type { Happening } from '../live/events.ts';
import { follow } from '../live/follow.ts';
import type { Wish } from '../words/wish.ts';

/** Entries that are asked for at once. */
const PAGE = 100;

/** Requests that are made for one page where hardly an entry matches: each looks at some ten thousand. */
const TRIES = 20;

/** Entries of the ledger that match a wish, the newest first, page by page; the server filters. */
export class Pages {
  entries = $state.raw<Entry[]>([]);
  loading = $state(false);
  /** Whether the beginning of the ledger was reached. */
  ended = $state(false);
  problem = $state.raw<Problem | null>(null);

  #before: number | undefined;
  #newest = 0;
  #stop = new AbortController();

  /** With `upTo`, that entry is the first that is shown, and newer ones are not told. */
  constructor(readonly wish: Partial<Wish>, readonly upTo?: number) {
    this.#before = upTo === undefined ? undefined : upTo + 1;
  }

  /** Stops what is on its way: another wish took its place. */
  end(): void {
    this.#stop.abort();
  }

  /** Reads a page more. */
  async more(): Promise<void> {
    if (this.loading || this.ended) return;
    this.loading = true;
    try {
      let found = 0;
      for (let tries = 0; tries < TRIES && found < PAGE && !this.ended; tries += 1) {
        const before = this.#before === undefined ? {} : { before: this.#before };
        const page = await read('/v1/ledger', { query: { ...this.wish, ...before, limit: PAGE - found, order: 'desc' } });
        if (this.#stop.signal.aborted) return;
        found += page.entries.length;
        this.entries = [...this.entries, ...page.entries];
        this.#newest = Math.max(this.#newest, ...page.entries.map((entry) => entry.sequence));
        this.ended = page.next <= 1 || page.next === this.#before;
        this.#before = page.next;
      }
      this.problem = null;
    } catch (error) {
      if (error instanceof Problem) this.problem = error;
    } finally {
      this.loading = false;
    }
  }

  /** Shows what is written from now on, as it is written; the server says only what matches. */
  async follow(): Promise<void> {
    if (this.upTo !== undefined || this.wish.until !== undefined) return;
    const { until: _never, ...wish } = this.wish;
    const follower = {
      address: () => address('/v1/ledger/watch', { query: { ...wish, after: this.#newest } }),
      told: (events: Happening[]) => { this.#told(events); },
      connected: () => undefined,
      lost: () => undefined,
    };
    await follow(follower, this.#stop.signal);
  }

  #told(events: Happening[]): void {
    const fresh = events.filter(({ event }) => event === 'ledger').map(({ data }) => JSON.parse(data) as Entry)
      .filter((entry) => entry.sequence > this.#newest);
    if (fresh.length === 0) return;
    this.#newest = Math.max(...fresh.map((entry) => entry.sequence));
    this.entries = [...fresh.reverse(), ...this.entries];
  }
}
