/** What is asked of the ledger: the filters of `GET /v1/ledger`, as they stand in the address of the page. */

/** The filters that a reader sets. An empty one asks for nothing. */
export interface Wish {
  search: string;
  what: string;
  kind: string;
  namespace: string;
  name: string;
  actor: string;
  since: string;
  until: string;
}

export const FILTERS = ['search', 'what', 'kind', 'namespace', 'name', 'actor', 'since', 'until'] as const satisfies (keyof Wish)[];

/** The wish that an address holds. */
export function wishOf(parameters: URLSearchParams): Wish {
  return Object.fromEntries(FILTERS.map((filter) => [filter, (parameters.get(filter) ?? '').trim()])) as unknown as Wish;
}

/** The wish as the server takes it: days are taken as whole ones of the reader's own time, what is empty is left out. */
export function asked(wish: Wish): Partial<Wish> {
  const query = { ...wish, since: dayBegins(wish.since), until: dayBegins(wish.until, 1) };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
}

/** RFC 3339 of the moment a day begins, `later` days after it; another text stays as it is, for the server to judge. */
function dayBegins(text: string, later = 0): string {
  const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (day === null) return text;
  return new Date(Number(day[1]), Number(day[2]) - 1, Number(day[3]) + later).toISOString();
}
