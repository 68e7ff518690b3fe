import { read } from '../api/client.ts';
import type { Entry } from '../api/model.ts';

/** Entries in one answer of the server, at most. */
const PAGE = 1000;

/** More of them are of no use to anybody who looks: the oldest go. */
const KEPT = 5000;

/** Whether an entry is about a rollout. */
export function isAbout(entry: Entry, namespace: string, name: string): boolean {
  return entry.subject.key === `${namespace}/${name}`;
}

/** What the ledger says of one rollout. What was read once is not asked for again. */
export class Annals {
  #entries: Entry[] = [];
  #after = 0;

  constructor(readonly namespace: string, readonly name: string) {}

  /** All entries, oldest first. */
  async read(): Promise<Entry[]> {
    const { namespace, name } = this;
    for (;;) {
      const page = await read('/v1/ledger', { query: { after: this.#after, limit: PAGE, namespace, name } });
      const ours = page.entries.filter((entry) => isAbout(entry, this.namespace, this.name));
      this.#entries = [...this.#entries, ...ours].slice(-KEPT);
      const further = page.next > this.#after;
      this.#after = Math.max(this.#after, page.next);
      if (!further || page.entries.length < PAGE) return this.#entries;
    }
  }
}
