/** A line of a unified diff, and what it is: added, gone, the same, or where it is. */
export interface Line {
  mark: 'added' | 'gone' | 'same' | 'place';
  text: string;
}

/** The lines of a unified diff; none of an empty one. */
export function marked(text: string): Line[] {
  if (text === '') return [];
  return text.replace(/\n$/, '').split('\n').map((line) => ({ mark: markOf(line), text: line }));
}

function markOf(line: string): Line['mark'] {
  if (/^(@@|--- |\+\+\+ )/.test(line)) return 'place';
  return line.startsWith('+') ? 'added' : line.startsWith('-') ? 'gone' : 'same';
}
