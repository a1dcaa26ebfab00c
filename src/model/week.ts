import { InvalidArgumentError } from './errors.js';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MINUTES_A_DAY = 24 * 60;

/** A part of the week, in local time. One that ends before it begins goes over midnight, and belongs to the day it begins on. */
export interface Hours {
  /** 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes since midnight; `to` is the first that does not belong to it, up to 1440. */
  readonly from: number;
  readonly to: number;
}

/**
 * `mon-fri 22:00-06:00`, `sat,sun`, `18:00-24:00`: days, hours, or both, days first. Hours without days are those of every
 * day, days without hours are whole. Throws InvalidArgumentError.
 */
export function parseHours(field: string, text: string): Hours {
  const words = text.trim().toLowerCase().split(/\s+/);
  const wrong = (what: string): InvalidArgumentError =>
    new InvalidArgumentError(
      field,
      `${what} in "${text}"; expected as in "mon-fri 22:00-06:00", "sat,sun", "18:00-24:00"`,
    );
  const hours = words.find((word) => word.includes(':'));
  const days = words.filter((word) => word !== hours);
  if (words[0] === '' || days.length > 1 || (days.length === 1 && words[0] !== days[0]))
    throw wrong('days and hours');
  const [from, to] = hours === undefined ? [0, MINUTES_A_DAY] : hoursIn(hours, wrong);
  return { days: days.length === 0 ? new Set(DAYS.keys()) : daysIn(days[0]!, wrong), from, to };
}

/** Whether a moment, in this process's time zone, is in it. */
export function isWithin({ days, from, to }: Hours, moment: Date): boolean {
  const minute = moment.getHours() * 60 + moment.getMinutes();
  const today = moment.getDay();
  if (from < to) return days.has(today) && minute >= from && minute < to;
  return (days.has(today) && minute >= from) || (days.has((today + 6) % 7) && minute < to);
}

function hoursIn(word: string, wrong: (what: string) => Error): readonly [number, number] {
  const [, ...parts] = /^(\d\d?):(\d\d)-(\d\d?):(\d\d)$/.exec(word) ?? [];
  const [fromHour, fromMinute, toHour, toMinute] = parts.map(Number);
  if (toMinute === undefined) throw wrong(`hours, ${word}`);
  const from = fromHour! * 60 + fromMinute!;
  const to = toHour! * 60 + toMinute;
  if (fromMinute! > 59 || toMinute > 59 || from >= MINUTES_A_DAY || to > MINUTES_A_DAY)
    throw wrong(`time of day, ${word}`);
  if (from === to) throw wrong(`hours that begin when they end, ${word}`);
  return [from, to];
}

/** A range may go over the end of the week: `fri-mon`. */
function daysIn(word: string, wrong: (what: string) => Error): ReadonlySet<number> {
  const days = new Set<number>();
  for (const part of word.split(',')) {
    const [first, last, more] = part.split('-').map((name) => DAYS.indexOf(name));
    if (first === undefined || first < 0 || last === -1 || more !== undefined) throw wrong(`day, ${part}`);
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === (last ?? first)) break;
    }
  }
  return days;
}
