import { address } from '../api/address.ts';
import { Problem, read } from '../api/client.ts';
import type { HistoryItem, Permissions, RolloutView } from '../api/model.ts';
import type { Happening } from '../live/events.ts';
import { follow } from '../live/follow.ts';
import { Connection } from './connection.svelte.ts';

/** What stands before all that the API has of one rollout. */
export const ROLLOUT = '/v1/namespaces/{namespace}/rollouts/{name}';

/** One rollout, as it goes on. */
export class Followed {
  connection = new Connection();
  view = $state.raw<RolloutView | null>(null);
  history = $state.raw<HistoryItem[]>([]);
  /** What the reader may do; null where the server does not say. */
  permissions = $state.raw<Permissions | null>(null);
  problem = $state.raw<Problem | null>(null);
  gone = $state(false);

  #stop = new AbortController();

  get #path(): { namespace: string; name: string } {
    return { namespace: this.namespace, name: this.name };
  }

  constructor(readonly namespace: string, readonly name: string) {
    const follower = {
      address: () => address(`${ROLLOUT}/watch`, { path: this.#path }),
      connected: () => { this.connection.heardNow(); void this.again(); },
      lost: () => { this.connection.lost(); },
      told: (events: Happening[]) => { this.#told(events); },
    };
    void this.#first().then(() => follow(follower, this.#stop.signal));
  }

  end(): void {
    this.#stop.abort();
  }

  /** Reads what is not told by events: the revisions and what one may do. */
  async again(): Promise<void> {
    const [history, permissions] = await Promise.all([
      read(`${ROLLOUT}/history`, { path: this.#path }).catch(() => null),
      read(`${ROLLOUT}/permissions`, { path: this.#path }).catch(() => null),
    ]);
    if (history !== null) this.history = history;
    this.permissions = permissions;
  }

  async #first(): Promise<void> {
    try {
      // All of it at once: nothing moves when what one may do comes later.
      const [view] = await Promise.all([read(`${ROLLOUT}/view`, { path: this.#path }), this.again()]);
      this.view = view;
      this.connection.heardNow();
    } catch (error) {
      if (error instanceof Problem && error.status !== 0) this.problem = error;
    }
  }

  #told(events: Happening[]): void {
    for (const { event, data } of events) {
      if (event === 'gone') this.gone = true;
      if (event !== 'view') continue;
      const before = this.view?.status;
      this.view = JSON.parse(data) as RolloutView;
      this.problem = null;
      const after = this.view.status;
      if (before?.current !== after.current || before?.stable !== after.stable) void this.again();
    }
    this.connection.heardNow();
  }
}
