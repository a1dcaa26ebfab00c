/**
 * Text that somebody else chose may come from a Job: its name, what its Work Function printed. It must not end a line early, move the
 * cursor of whoever reads it, or turn text around.
 */

/** Characters that are obeyed instead of shown: controls of both sets, separators of lines, those that turn text around. */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const OBEYED_BUT_LINE_BREAKS = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
/** And halves of characters, of which each place makes something else. */
const OBEYED_OR_BROKEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** As one line: what would be obeyed is shown as JavaScript writes it, `\n` or `\x1b`. At most `longest` characters are kept. */
export function oneLine(text: string, longest: number): string {
  return cut(text, longest).replace(OBEYED, escaped);
}

/** The same for a place that holds lines. */
export function harmlessLines(text: string, longest: number): string {
  return cut(text, longest).replace(OBEYED_BUT_LINE_BREAKS, escaped);
}

/** The same for the text of JSON, where what is obeyed may be written so within strings, and stands nowhere else. */
export function harmlessJson(json: string): string {
  return json.replace(OBEYED, unicodeEscape);
}

/** A name for a table or a page, as one line of at most so many characters: of what would be obeyed each becomes one `\ufffd`. */
export function printable(text: string, maxLength = 80): string {
  const characters = Array.from(text.slice(0, maxLength * 2 + 2));
  const shown = characters.length > maxLength ? [...characters.slice(0, maxLength - 1), '…'] : characters;
  return shown.join('').replace(OBEYED_OR_BROKEN, '\ufffd');
}

/** The beginning of a text, and how much is missing. */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const end = isHighSurrogate(text.charCodeAt(longest - 1)) ? longest - 1 : longest;
  return `${text.slice(0, end)}… (${text.length - end} more characters)`;
}

function escaped(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicodeEscape(character);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
