import type { paths } from './schema.d.ts';

/** What the API has, from the types that are made of its OpenAPI: addresses, what each takes and what it answers. */

type Method = 'get' | 'post' | 'delete';
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;

/** The addresses that have a method. */
export type Having<M extends Method> = {
  [P in keyof paths]: [Operation<P, M>] extends [never] ? never : P;
}[keyof paths];

type PathOf<O> = O extends { parameters: { path: infer A } } ? { path: A } : { path?: never };
type QueryOf<O> = O extends { parameters: { query: infer Q } }
  ? { query: Q }
  : O extends { parameters: { query?: infer Q } } ? { query?: Q } : { query?: never };

/** What fills an address: the names within it, and what stands behind its question mark. */
export type Filling<P extends keyof paths, M extends Method> = PathOf<Operation<P, M>> & QueryOf<Operation<P, M>>;

/** A filling that may be left out where nothing in it is asked for. */
export type Given<T> = Record<never, never> extends T ? [filling?: T] : [filling: T];

type Content<R> = R extends { content: { 'application/json': infer T } } ? T : never;

/** What a method at an address answers when all is well. */
export type Answer<P extends keyof paths, M extends Method> = Operation<P, M> extends { responses: infer R }
  ? { [S in keyof R]: S extends 200 | 201 ? Content<R[S]> : never }[keyof R]
  : never;

/** What a method at an address is given as its body. */
export type Body<P extends keyof paths, M extends Method> = Operation<P, M> extends { requestBody?: infer B }
  ? Content<NonNullable<B>>
  : never;

type Value = string | number | boolean | null | undefined;

/** An address with what fills it; parameters that are empty are left out. */
export function address<P extends keyof paths, M extends Method = 'get'>(path: P, ...given: Given<Filling<P, M>>): string {
  // All addresses at once are more than the compiler tells apart.
  const [filling] = given as unknown as [unknown?];
  const { path: names = {}, query = {} } = (filling ?? {}) as { path?: Record<string, Value>; query?: Record<string, Value> };
  const filled = path.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(String(names[name] ?? '')));
  const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const asked = new URLSearchParams(wanted.map(([name, value]) => [name, String(value)])).toString();
  return asked === '' ? filled : `${filled}?${asked}`;
}
