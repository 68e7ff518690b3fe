/** Which rows of a long list are drawn. */
export interface Window {
  first: number;
  /** One past the last. */
  end: number;
  /** The height of what is above and below, in pixels. */
  above: number;
  below: number;
}

/** Rows beyond the edges, so that a quick scroll shows no gap. */
const SPARE = 6;

/** The rows that can be seen of `count` rows of `height` pixels. */
export function windowOf(count: number, height: number, scrolled: number, seen: number): Window {
  const top = Math.max(0, Math.min(scrolled, count * height - seen));
  const first = Math.max(0, Math.floor(top / height) - SPARE);
  const end = Math.min(count, Math.ceil((top + seen) / height) + SPARE);
  return { first, end, above: first * height, below: (count - end) * height };
}
