/** `7`, `12,345`, `1.23M`, `45.6G`. */
export function count(value: number): string {
  const rounded = Math.round(value);
  if (rounded < 1_000_000) return String(rounded).replace(/\B(?=(\d{3})+$)/g, ',');
  const units = ['M', 'G', 'T', 'P'];
  let scaled = rounded / 1e6;
  let unit = 0;
  for (; scaled >= 999.5 && unit < units.length - 1; unit++) scaled /= 1000;
  return scaled >= 1000 ? '>999P' : `${scaled.toPrecision(3)}${units[unit]}`;
}

/** `0`, `0.4`, `41.2`, `1,234`. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0';
  if (perSecond < 0.05) return '<0.1';
  return perSecond < 99.95 ? perSecond.toFixed(1) : count(perSecond);
}

/** A part of one: `87%`. */
export function percent(part: number): string {
  return `${Math.round(part * 100)}%`;
}

/** `512 B`, `1.5 KiB`, `34 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value;
  let unit = 0;
  for (; scaled >= 1023.5 && unit < units.length - 1; unit++) scaled /= 1024;
  return `${unit > 0 && scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)} ${units[unit]}`;
}

/** `4.2 ms`, `850 ms`, `12.3 s`, `12:03`, `3:12:05`, `2 d 3:12`. */
export function elapsed(ms: number): string {
  if (ms < 9.95) return `${Number(Math.max(0, ms).toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [s, m, h, d] = [
    seconds % 60,
    Math.floor(seconds / 60) % 60,
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 86_400),
  ];
  if (d > 0) return `${d} d ${h}:${two(m)}`;
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The time of day here, `07:05:09`. */
export function timeOfDay(time: number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

/** `1 Slice`, `12,345 Slices`. */
export function counted(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? '' : one.endsWith('x') ? 'es' : 's'}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
