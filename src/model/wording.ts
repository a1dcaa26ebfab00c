/** Numbers as people read them; the same words in logs, reports, displays and commands. */

/** `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(ms: number): string {
  // What rounds up to the next unit is said in that.
  if (ms < 999.5) return `${ms < 10 ? Number(ms.toPrecision(2)) : Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return '1 min 0 s';
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `1 234 567`, with spaces that do not break: readable in every language. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Of a rate: `0.25`, `12.3`, `1 234`. */
export function rateText(perSecond: number): string {
  if (perSecond >= 100) return countText(Math.round(perSecond));
  return perSecond === 0 ? '0' : perSecond.toFixed(perSecond >= 10 ? 1 : 2);
}

/** Of a part, 0 to 1: `42 %`. */
export function percentText(part: number): string {
  return `${Math.round(part * 100)}\u202f%`;
}

/** `512 B`, `12.0 KiB`, `340 MiB`, `1.2 GiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * power);
  return `${power > 0 && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** `1 Slice`, `2 Slices`. */
export function slicesText(count: number): string {
  return count === 1 ? '1 Slice' : `${count} Slices`;
}

/** `1 place`, `8 places`. */
export function placesText(count: number): string {
  return count === 1 ? '1 place' : `${count} places`;
}
