import type { Permissions } from '../api/model.ts';

/** What somebody may not do, the verbs of one reason together. */
export interface Refusal {
  verbs: string[];
  reason: string;
}

/** What the reader may not do, by its reasons. */
export function refusals(permissions: Permissions | null): Refusal[] {
  const found = new Map<string, string[]>();
  for (const [verb, { allowed, reason }] of Object.entries(permissions ?? {})) {
    if (allowed) continue;
    const why = reasonOf(reason ?? 'your role does not allow it', verb);
    found.set(why, [...(found.get(why) ?? []), verb]);
  }
  return [...found].map(([reason, verbs]) => ({ verbs, reason }));
}

/** A reason without the verb that it begins with, so that verbs of one reason stand together. */
function reasonOf(reason: string, verb: string): string {
  return reason.startsWith(`to ${verb} `) ? reason.slice(verb.length + 4) : reason;
}

/** What the reader may do. */
export function allowed(permissions: Permissions | null): string[] {
  return Object.entries(permissions ?? {}).filter(([, one]) => one.allowed).map(([verb]) => verb);
}
