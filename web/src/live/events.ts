/** Server-sent events, read from a stream as the HTML standard has it. */

export interface Happening {
  event: string;
  data: string;
  id: string | undefined;
}

/** Takes pieces of a stream and gives the events that they complete. */
export class EventReader {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | undefined;

  /** The events that end within `piece`. */
  take(piece: string): Happening[] {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): Happening[] {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    return [];
  }

  #dispatch(): Happening[] {
    const [event, data] = [this.#event || 'message', this.#data];
    this.#event = '';
    this.#data = [];
    return data.length === 0 ? [] : [{ event, data: data.join('\n'), id: this.#id }];
  }
}

/** How long to wait before the next try, in milliseconds: quick at first, at most five seconds. */
export function pause(tries: number): number {
  return Math.min(5000, 250 * 2 ** Math.min(tries, 6));
}
