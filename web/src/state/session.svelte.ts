import { authorise, change, Problem, read, remove, whenEnded } from '../api/client.ts';
import type { Session, SignInWays } from '../api/model.ts';
import { address } from './place.svelte.ts';

type State = 'unknown' | 'out' | 'in' | 'ended' | 'unreachable';

/** Where this window keeps what one wanted to see, while one is at the provider. */
const GOAL = 'tidegate-goal';

class SignedIn {
  state = $state<State>('unknown');
  who = $state.raw<Session | null>(null);
  /** What went wrong at the last try to sign in. */
  problem = $state.raw<Problem | null>(null);

  /** What one is called: who holds the token of the data folder and gave no name is its owner. */
  called = $derived(this.who?.kind === 'owner' && this.who.name === 'unnamed' ? 'owner' : this.who?.name ?? '');

  constructor() {
    whenEnded(() => {
      if (this.state === 'in') this.#leave('ended');
    });
  }

  /** Finds out who one is. A code in the fragment of the address signs in, and goes from there. */
  async begin(): Promise<void> {
    const fragment = new URLSearchParams(location.hash.slice(1));
    const code = fragment.get('code');
    if (code !== null) {
      history.replaceState(null, '', location.pathname + location.search);
      await this.signIn(code, 'code');
      return;
    }
    try {
      this.#enter(await read('/v1/session'));
    } catch (error) {
      this.state = error instanceof Problem && error.status === 0 ? 'unreachable' : 'out';
    }
  }

  async signIn(secret: string, kind: 'code' | 'token'): Promise<void> {
    this.problem = null;
    try {
      const session = await change('/v1/session', { body: { [kind]: secret } });
      if (session !== undefined) this.#enter(session);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#refused(error);
    }
  }

  /** How one can sign in here. A server that does not say is signed in at with a token. */
  async ways(): Promise<SignInWays> {
    try {
      return await read('/v1/session/ways');
    } catch {
      return { signIn: ['token'] };
    }
  }

  /** Remembers what one wants to see, before the browser goes to the provider. */
  leaveForProvider(): void {
    if (address.place.view !== 'sign-in') sessionStorage.setItem(GOAL, address.path + address.query);
  }

  async signOut(): Promise<void> {
    try {
      await remove('/v1/session');
    } catch {
      // The session may have ended by itself.
    }
    this.#leave('out');
  }

  #enter(session: Session): void {
    authorise(session.csrf ?? null);
    this.who = session;
    this.state = 'in';
    this.#goOn();
  }

  /** Goes to what one wanted to see. The provider sends browsers to the fleet, or to the sign-in. */
  #goOn(): void {
    const goal = sessionStorage.getItem(GOAL);
    sessionStorage.removeItem(GOAL);
    if (address.place.view === 'sign-in') address.replace(goal ?? '/');
    else if (goal !== null && address.path === '/') address.replace(goal);
  }

  #refused(problem: Problem): void {
    this.problem = problem;
    this.#leave(problem.status === 0 ? 'unreachable' : 'out');
  }

  #leave(state: State): void {
    authorise(null);
    this.who = null;
    this.state = state;
  }
}

export const session = new SignedIn();
