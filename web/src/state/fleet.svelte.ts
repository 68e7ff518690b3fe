import { address } from '../api/address.ts';
import { Problem, read } from '../api/client.ts';
import type { Entry, RolloutsEvent, RolloutSummary } from '../api/model.ts';
import type { Happening } from '../live/events.ts';
import { follow } from '../live/follow.ts';
import { Connection } from './connection.svelte.ts';

const keyOf = (row: { namespace: string; name: string }) => `${row.namespace}/${row.name}`;

/** After so many milliseconds a server that does not answer is asked again. */
const SILENT = 1000;
/** The same of one that lets the reader see nothing: each time it does so is told in the ledger. */
const FORBIDDEN = 30_000;

/** All rollouts, as they go on. */
class Fleet {
  connection = new Connection();
  rows = $state.raw<RolloutSummary[]>([]);
  /** Whether the list was read at all. */
  known = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** The newest ledger entry that was told, for whoever shows the ledger. */
  newest = $state.raw<Entry | null>(null);

  #all = new Map<string, RolloutSummary>();
  #position = '';
  #stop: AbortController | undefined;

  /** Begins to follow; once, however often it is called. */
  begin(): void {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    void this.#run(stop.signal);
  }

  /** Ends, and forgets: the next one to sign in may see less. */
  end(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#all.clear();
    this.#position = '';
    this.rows = [];
    this.known = false;
    this.connection = new Connection();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!this.known && !signal.aborted) {
      await this.#list();
      if (!this.known) await new Promise((resolve) => setTimeout(resolve, this.problem?.status === 403 ? FORBIDDEN : SILENT));
    }
    const follower = {
      address: () => address('/v1/rollouts/watch', { query: { after: this.#position } }),
      connected: () => { this.connection.heardNow(); },
      lost: () => { this.connection.lost(); },
      told: (events: Happening[]) => { this.#told(events); },
    };
    await follow(follower, signal);
  }

  async #list(): Promise<void> {
    try {
      const page = await read('/v1/rollouts', { query: { limit: 10_000 } });
      if (this.#stop === undefined) return;
      // All fields are there: none was chosen.
      const rows = page.items as RolloutSummary[];
      this.#all = new Map(rows.map((row) => [keyOf(row), row]));
      this.#position = page.position;
      this.#show();
      this.known = true;
      this.problem = null;
    } catch (error) {
      if (error instanceof Problem) this.problem = error;
    }
  }

  #told(events: Happening[]): void {
    let changed = false;
    for (const { event, data, id } of events) {
      if (id !== undefined) this.#position = id;
      if (event === 'rollouts') {
        const { items, gone } = JSON.parse(data) as RolloutsEvent;
        for (const row of items) this.#all.set(keyOf(row), row);
        for (const row of gone) this.#all.delete(keyOf(row));
        changed = true;
      } else if (event === 'ledger') {
        this.newest = JSON.parse(data) as Entry;
      } else if (event === 'reset') {
        void this.#list();
      }
    }
    this.connection.heardNow();
    if (changed) this.#show();
  }

  #show(): void {
    this.rows = [...this.#all.values()];
    this.connection.heardNow();
  }
}

export const fleet = new Fleet();
