/** The one place that asks the server. */

import { address, type Answer, type Body, type Filling, type Given, type Having } from './address.ts';
import type { ProblemTold } from './model.ts';

/** What the server says that went wrong (RFC 9457), or that it does not answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly hint: string | undefined,
  ) {
    super(detail || title);
  }

  /** One that was told by the answer to another question. */
  static of({ status, title, detail, hint }: ProblemTold): Problem {
    return new Problem(status, title, detail, hint ?? undefined);
  }
}

/** The header field that proves a changing call comes from this page. */
const CSRF = 'tidegate-csrf';

let csrf: string | null = null;
let onEnded: () => void = () => undefined;

/** Sets what goes with each request: the proof of a cookie session. */
export function authorise(proof: string | null): void {
  csrf = proof;
}

/** Says whom to tell when the server no longer knows who asks. */
export function whenEnded(told: () => void): void {
  onEnded = told;
}

/** A text that nothing else has. Over plain HTTP from another machine browsers have no `randomUUID`. */
function fresh(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Asks, and gives the answer as it is. Throws a `Problem` for any other than 2xx. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (init.method !== undefined && init.method !== 'GET') {
    if (csrf !== null) headers.set(CSRF, csrf);
    // The same key for each try of the same click: what was done is not done again.
    if (!headers.has('idempotency-key')) headers.set('idempotency-key', fresh());
  }
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers, credentials: 'same-origin' });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new Problem(0, 'No answer', 'The server does not answer.', 'Is it running? The page tries again by itself.');
  }
  if (response.ok) return response;
  if (response.status === 401 && !path.startsWith('/v1/session')) onEnded();
  throw await problem(response);
}

/** Reads a document. */
export async function read<P extends Having<'get'>>(path: P, ...filling: Given<Filling<P, 'get'>>): Promise<Answer<P, 'get'>> {
  return (await (await ask(address(path, ...filling))).json()) as Answer<P, 'get'>;
}

/** The header field that repeats the name of what a person confirmed, where it is protected. */
const CONFIRM = 'tidegate-confirm';

/** What is sent with a change, beside what fills its address. */
interface Sent<B> {
  body?: B | undefined;
  /** What a person typed to confirm; empty where nothing was asked for. */
  confirmed?: string;
}

/** Asks for a change. Gives what was answered, if anything was. */
export async function change<P extends Having<'post'>>(
  path: P, { body, confirmed = '', ...filling }: Filling<P, 'post'> & Sent<Body<P, 'post'>>,
): Promise<Answer<P, 'post'> | undefined> {
  const headers = new Headers();
  const init: RequestInit = { method: 'POST', headers };
  if (confirmed !== '') headers.set(CONFIRM, confirmed);
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    headers.set('content-type', 'application/json');
  }
  const text = await (await ask(address<P, 'post'>(path, ...([filling] as unknown as Given<Filling<P, 'post'>>)), init)).text();
  return text === '' ? undefined : (JSON.parse(text) as Answer<P, 'post'>);
}

/** Takes something away. */
export async function remove<P extends Having<'delete'>>(path: P, ...filling: Given<Filling<P, 'delete'>>): Promise<void> {
  await ask(address<P, 'delete'>(path, ...filling), { method: 'DELETE' });
}

async function problem(response: Response): Promise<Problem> {
  try {
    const told = (await response.json()) as Partial<ProblemTold>;
    return new Problem(response.status, told.title ?? response.statusText, told.detail ?? '', told.hint ?? undefined);
  } catch {
    return new Problem(response.status, `${response.status} ${response.statusText}`, '', undefined);
  }
}
