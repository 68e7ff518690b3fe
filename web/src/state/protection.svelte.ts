import { read } from '../api/client.ts';
import type { Environment } from '../api/model.ts';
import { isProtected } from '../words/doable.ts';

/** Which environments ask for a typed confirmation. */
class Protection {
  told = $state.raw<Environment[] | null>(null);
  #asked = false;

  covers(namespace: string): boolean {
    if (!this.#asked) void this.load();
    return isProtected(namespace, this.told);
  }

  /** Reads it anew. */
  async load(): Promise<void> {
    this.#asked = true;
    try {
      this.told = (await read('/v1/environments')).items;
    } catch {
      // A reader who may not see the settings is asked by the rule that holds without any.
      this.told = null;
    }
  }
}

export const protection = new Protection();
