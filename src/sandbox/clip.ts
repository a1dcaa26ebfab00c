/** An error is a message to a person: one of megabytes is none. Characters. */
const MAX_TEXT = 1 << 16;

/** Taken before a Work Function can replace it. */
const slice = Function.prototype.call.bind(String.prototype.slice) as (
  text: string,
  from: number,
  to: number,
) => string;

/** Text that is sure to be short enough. */
export function clip(text: string): string {
  return text.length <= MAX_TEXT
    ? text
    : `${slice(text, 0, MAX_TEXT)}… (${text.length - MAX_TEXT} more characters)`;
}
