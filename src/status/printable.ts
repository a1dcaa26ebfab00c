/** What may not reach a terminal or a line of text: controls, and marks that turn the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A name that somebody else chose, as one line of at most so many characters: what would harm becomes `\ufffd`. */
export function printable(text: string, maxLength = 80): string {
  const characters = Array.from(text.slice(0, maxLength * 2 + 2));
  const shown = characters.length > maxLength ? [...characters.slice(0, maxLength - 1), '…'] : characters;
  return shown.join('').replace(UNPRINTABLE, '\ufffd');
}
