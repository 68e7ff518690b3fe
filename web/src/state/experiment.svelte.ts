import { address } from '../api/address.ts';
import { change, Problem, read } from '../api/client.ts';
import type { ExperimentView, Permission } from '../api/model.ts';
import type { Happening } from '../live/events.ts';
import { follow } from '../live/follow.ts';
import { Asking } from './access.svelte.ts';

const EXPERIMENT = '/v1/namespaces/{namespace}/experiments/{name}';

/** An experiment that a rollout is at, as it goes on. */
export class FollowedExperiment {
  view = $state.raw<ExperimentView | null>(null);
  /** Whether the reader may end it; null where the server does not say. */
  may = $state.raw<Permission | null>(null);
  problem = $state.raw<Problem | null>(null);
  readonly ending = new Asking();

  #stop = new AbortController();

  constructor(readonly namespace: string, readonly name: string) {
    const follower = {
      address: () => address(`${EXPERIMENT}/watch`, { path: this.#path }),
      // The page says that the connection is lost by what it hears of the rollout.
      connected: () => undefined,
      lost: () => undefined,
      told: (events: Happening[]) => { this.#told(events); },
    };
    void this.#first().then(() => follow(follower, this.#stop.signal));
  }

  /** Follows it no longer. */
  end(): void {
    this.#stop.abort();
  }

  /** Ends the experiment itself, before its time; gives whether it was done. */
  terminate(confirmed: string): Promise<boolean> {
    return this.ending.do(async () => { await change(`${EXPERIMENT}/terminate`, { path: this.#path, confirmed }); });
  }

  get #path(): { namespace: string; name: string } {
    return { namespace: this.namespace, name: this.name };
  }

  async #first(): Promise<void> {
    try {
      const [view, may] = await Promise.all([
        read(`${EXPERIMENT}/view`, { path: this.#path }),
        read('/v1/can-i', { query: { verb: 'terminate', ...this.#path } }).catch(() => null),
      ]);
      this.view = view;
      this.may = may;
    } catch (error) {
      if (error instanceof Problem && error.status !== 0) this.problem = error;
    }
  }

  #told(events: Happening[]): void {
    for (const { event, data } of events) {
      if (event !== 'view') continue;
      this.view = JSON.parse(data) as ExperimentView;
      this.problem = null;
    }
  }
}
