import { change, Problem, read, remove } from '../api/client.ts';
import type { Permission } from '../api/model.ts';
import { protection } from './protection.svelte.ts';

/** Of so many environments it is asked whether the reader may set them; of the rest the server says so when it is tried. */
const ASKED = 50;

/** Which environments the reader may set, and what they are set to. */
export class EnvironmentSettings {
  /** Whether all of them may be set. Null until the server said so. */
  everywhere = $state.raw<Permission | null>(null);
  problem = $state.raw<Problem | null>(null);
  #each = $state.raw<ReadonlyMap<string, Permission>>(new Map());
  #asked = new Set<string>();

  /** Why the reader may not set a namespace; empty where they may. */
  refusal(namespace: string): string {
    const said = this.everywhere?.allowed === true ? this.everywhere : this.#each.get(namespace) ?? this.everywhere;
    return said === null || said.allowed ? '' : said.reason ?? 'your role does not allow it';
  }

  /** Asks what the reader may do with these, once. */
  async ask(namespaces: string[]): Promise<void> {
    try {
      this.everywhere ??= await may('*');
      if (this.everywhere.allowed) return;
      const fresh = namespaces.filter((one) => !this.#asked.has(one)).slice(0, ASKED - this.#asked.size);
      for (const one of fresh) this.#asked.add(one);
      const told = await Promise.all(fresh.map(async (one) => [one, await may(one)] as const));
      if (told.length > 0) this.#each = new Map([...this.#each, ...told]);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
  }

  /** Says whether what is done in a namespace has to be confirmed. */
  async protect(name: string, isProtected: boolean): Promise<void> {
    await change('/v1/environments', { body: { name, protected: isProtected } });
    await protection.load();
  }

  /** Takes back what was said: what holds by default holds again. */
  async forget(environment: string): Promise<void> {
    await remove('/v1/environments/{environment}', { path: { environment } });
    await protection.load();
  }
}

function may(namespace: string): Promise<Permission> {
  return read('/v1/can-i', { query: { verb: 'manage-settings', namespace } });
}
