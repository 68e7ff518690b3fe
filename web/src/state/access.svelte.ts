import { Problem, read } from '../api/client.ts';
import type { Account, Binding, TokenView } from '../api/model.ts';

/** Accounts, roles and tokens, for those who may see and change them. */
export class AccessLists {
  accounts = $state.raw<Account[]>([]);
  bindings = $state.raw<Binding[]>([]);
  tokens = $state.raw<TokenView[]>([]);
  /** Whether the reader may change them, and why not. Null until the server said so. */
  may = $state.raw<{ allowed: boolean; reason?: string | null | undefined } | null>(null);
  problem = $state.raw<Problem | null>(null);

  constructor() {
    void this.load();
  }

  /** Reads all of it anew. */
  async load(): Promise<void> {
    try {
      const may = await read('/v1/can-i', { query: { verb: 'manage-access' } });
      if (may.allowed) {
        const [accounts, bindings, tokens] = await Promise.all([
          read('/v1/access/accounts'), read('/v1/access/bindings'), read('/v1/access/tokens'),
        ]);
        this.accounts = accounts.items;
        this.bindings = bindings.items;
        this.tokens = tokens.items;
      }
      this.may = may;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
  }
}

/** A change that a form asks for: whether it is on its way, and what went wrong. */
export class Asking {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** Does it; gives whether it was done. */
  async do(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
