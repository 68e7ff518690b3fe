import { Problem, read } from '../api/client.ts';
import type { DeadLetter, Notifications } from '../api/model.ts';

/** Of so many rollouts it is asked what the reader may do with their dead letters; of the rest the server says so when it is tried. */
const ASKED = 50;

/** Who is told of what, and what nobody took. */
export class Told {
  settings = $state.raw<Notifications | null>(null);
  letters = $state.raw<DeadLetter[]>([]);
  /** Why the reader may not retry or discard those of a rollout, by its `namespace/name`. */
  refusals = $state.raw<Map<string, string>>(new Map());
  problem = $state.raw<Problem | null>(null);

  constructor() {
    void this.load();
  }

  /** Reads all of it anew. */
  async load(): Promise<void> {
    try {
      const [settings, { items }] = await Promise.all([read('/v1/notifications'), read('/v1/notifications/dead-letters')]);
      const rollouts = new Map(items.map((letter) => [rolloutOf(letter), letter]));
      const asked = await Promise.all([...rollouts].slice(0, ASKED).map(async ([key, { namespace, name }]) =>
        [key, await read('/v1/can-i', { query: { verb: 'retry', namespace, name } })] as const));
      this.refusals = new Map(asked.flatMap(([key, may]) => (may.allowed ? [] : [[key, may.reason ?? 'your role may not'] as const])));
      this.settings = settings;
      this.letters = items;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
  }
}

/** What a dead letter is about. */
export function rolloutOf({ namespace, name }: DeadLetter): string {
  return `${namespace}/${name}`;
}
