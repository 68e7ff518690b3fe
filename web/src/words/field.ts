/**
 * Which field of a form a problem is about: the one that it names, or whose text it repeats in quotation marks. None
 * where it is about none of them, or about all.
 */
export function fieldOf(detail: string, fields: Record<string, string>): string | undefined {
  const named = Object.keys(fields).find((field) => detail.includes(`\`${field}\``));
  if (named !== undefined) return named;
  return Object.entries(fields).find(([, text]) => text !== '' && (detail.includes(`"${text}"`) || detail.includes(`\`${text}\``)))?.[0];
}

/** A text without what only a program needs of it: the place within the JSON that the page made. */
export function plain(detail: string): string {
  return detail.replace(/^the body is not what is asked for: /, '').replace(/ at line \d+ column \d+$/, '');
}
