/** Where in the page one is: the address, and nothing beside it. */

export type Place =
  | { view: 'fleet' | 'ledger' | 'dora' | 'environments' | 'notifications' | 'access' | 'settings' | 'sign-in' }
  | { view: 'rollout' | 'why'; namespace: string; name: string };

/** What an address shows. */
export function placeOf(path: string): Place {
  const parts = path.split('/').filter((part) => part !== '').map(decodeURIComponent);
  const [first, namespace, name, part] = parts;
  if (first === 'rollouts' && namespace !== undefined && name !== undefined) {
    return { view: part === 'why' ? 'why' : 'rollout', namespace, name };
  }
  switch (first) {
    case 'ledger': case 'dora': case 'environments': case 'notifications': case 'access': case 'settings': case 'sign-in':
      return { view: first };
    default:
      return { view: 'fleet' };
  }
}

/** The address of a rollout. */
export function rolloutAddress(namespace: string, name: string, part = ''): string {
  return `/rollouts/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}${part}`;
}

class Address {
  path = $state(location.pathname);
  query = $state(location.search);
  place = $derived(placeOf(this.path));
  parameters = $derived(new URLSearchParams(this.query));

  constructor() {
    addEventListener('popstate', () => { this.#take(); });
  }

  /** Goes to an address of the page. */
  go(address: string): void {
    history.pushState(null, '', address);
    this.#take();
    scrollTo(0, 0);
  }

  /** Goes to an address instead of the one where one is, which "back" does not lead to any more. */
  replace(address: string): void {
    history.replaceState(null, '', address);
    this.#take();
  }

  /** Sets parameters of the address without a new entry in the history; an empty one goes. */
  set(parameters: Record<string, string>): void {
    const all = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(parameters)) {
      if (value === '') all.delete(name);
      else all.set(name, value);
    }
    const query = all.toString();
    history.replaceState(null, '', location.pathname + (query === '' ? '' : `?${query}`));
    this.#take();
  }

  #take(): void {
    this.path = location.pathname;
    this.query = location.search;
  }
}

export const address = new Address();

/** Lets links within the page change the view and load nothing. */
export function followLinks(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return;
  if (link.pathname.startsWith('/v1/') || link.pathname.startsWith('/api')) return;
  event.preventDefault();
  address.go(link.pathname + link.search);
}
