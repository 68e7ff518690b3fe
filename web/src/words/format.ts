/** Numbers and times as people read them. Nothing here reads a clock: the moment is given. */

/** A share of 0 to 1 as percent, such as `0.04 %`, `5 %`, `99.9 %`; `–` where there is none. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '–';
  const value = share * 100;
  if (value === 0 || value >= 99.95) return `${value.toFixed(0)} %`;
  const digits = value < 0.1 ? 2 : 1;
  return `${Number(value.toFixed(digits))} %`;
}

/** Milliseconds in four characters or so. */
export function millis(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value >= 9950) return `${(value / 1000).toFixed(1)} s`;
  return value < 9.95 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`;
}

/** A count in few characters: `950`, `12.3k`, `4.0M`. */
export function count(value: number): string {
  if (value < 10_000) return String(Math.round(value));
  return value < 1_000_000 ? `${(value / 1000).toFixed(1)}k` : `${(value / 1e6).toFixed(1)}M`;
}

/** Requests per second. */
export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return value >= 100 ? count(value) : String(Number(value.toFixed(1)));
}

/** A length of time in its two largest units: `42 s`, `3 min 5 s`, `2 h 10 min`, `4 d 1 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units: [string, number][] = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]];
  let rest = seconds;
  const words: string[] = [];
  for (const [unit, size] of units) {
    const whole = Math.floor(rest / size);
    if (whole > 0 || (unit === 's' && words.length === 0)) words.push(`${whole} ${unit}`);
    else if (words.length > 0) break;
    rest -= whole * size;
    if (words.length === 2) break;
  }
  return words.join(' ');
}

/** How long ago, such as `3 min`; a moment to come counts as now. */
export function ago(moment: string, now: number): string {
  const ms = now - Date.parse(moment);
  const whole = duration(ms).split(' ');
  return ms < 1000 ? 'now' : `${whole[0]} ${whole[1]}`;
}

/** How long until, such as `1 min 5 s`. */
export function until(moment: string, now: number): string {
  return duration(Date.parse(moment) - now);
}

/** `14:03:09` of a moment, in the time of whoever looks. */
export function clock(moment: string | number): string {
  const at = new Date(moment);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `2026-11-23 14:03:09` of a moment, in the time of whoever looks. */
export function moment(text: string | number): string {
  const at = new Date(text);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(text)}`;
}

/** Bytes as people read them. */
export function bytes(value: number): string {
  if (value < 1 << 20) return `${Math.floor(value / 1024)} KiB`;
  if (value < 1 << 30) return `${Math.floor(value / (1 << 20))} MiB`;
  return `${(value / (1 << 30)).toFixed(1)} GiB`;
}
