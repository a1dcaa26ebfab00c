/** An error is a message to a person: one of megabytes is none. Characters. */
const MAX_TEXT = 1 << 16;

/** Text that is sure to be short enough. */
export function clip(text: string): string {
  return text.length <= MAX_TEXT
    ? text
    : `${text.slice(0, MAX_TEXT)}… (${text.length - MAX_TEXT} more characters)`;
}
