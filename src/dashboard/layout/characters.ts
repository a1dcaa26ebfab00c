import { stripVTControlCharacters } from 'node:util';
import { eastAsianWidth } from 'get-east-asian-width';

/** What fills one column of a terminal, or two. */
export interface Character {
  /** One code point, with at most `MAX_MARKS` combining marks. */
  readonly text: string;
  readonly width: 1 | 2;
  /** Terminals agree about the width. After any other character the writer says anew where it goes on. */
  readonly certain: boolean;
}

/** More marks on a character than any language has grow over the rows above and below. */
const MAX_MARKS = 2;
/** Longer texts are cut before anything looks at them: no row shows as much. */
const MAX_LENGTH = 4_096;

const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;
const LINE_WHITE_SPACE = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
/** Joiners, variation selectors, marks that turn the direction of writing, vowels that join what is before them. */
const INVISIBLE = /^[\p{Cf}\p{Default_Ignorable_Code_Point}\u1160-\u11ff]$/u;
/** Spaces of all widths, which fonts and terminals do not agree about. */
const SPACE = /^\p{Zs}$/u;
const MARK = /^[\p{Mn}\p{Me}]$/u;
const UNPRINTABLE = /^[\p{Cc}\p{Cs}\p{Cn}]$/u;

const ASCII: readonly Character[] = Array.from({ length: 0x7f - 0x20 }, (_, i) => ({
  text: String.fromCharCode(0x20 + i),
  width: 1,
  certain: true,
}));
const REPLACEMENT: Character = { text: '\ufffd', width: 1, certain: false };

/** First and last code points of what is as wide everywhere: alphabets of Europe, frames and blocks, Han and Kana. */
const CERTAIN: readonly (readonly [number, number])[] = [
  [0xa1, 0x24f],
  [0x370, 0x52f],
  [0x2010, 0x2027],
  [0x2190, 0x2193],
  [0x2500, 0x25ff],
  [0x3041, 0x30ff],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
];

/**
 * A text as a terminal shall show it: no escape sequence, no control character, nothing invisible. White space that
 * breaks lines becomes one space. Without `unicode` anything but ASCII becomes `?`.
 */
export function charactersOf(text: string, unicode: boolean): Character[] {
  const characters: Character[] = [];
  let marks = 0;
  for (const char of cleaned(text)) {
    const code = char.codePointAt(0)!;
    if (code >= 0x20 && code < 0x7f) {
      characters.push(ASCII[code - 0x20]!);
      marks = 0;
    } else if (INVISIBLE.test(char)) {
      continue;
    } else if (MARK.test(char)) {
      const base = characters.at(-1);
      if (unicode && base !== undefined && marks++ < MAX_MARKS)
        characters[characters.length - 1] = { ...base, text: base.text + char, certain: false };
    } else if (SPACE.test(char)) {
      characters.push(ASCII[0]!);
      marks = 0;
    } else {
      characters.push(unicode ? characterOf(char, code) : ASCII[0x3f - 0x20]!);
      marks = 0;
    }
  }
  return characters;
}

function cleaned(text: string): string {
  const part = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text;
  if (!CONTROLS.test(part)) return part;
  return stripVTControlCharacters(part).replace(LINE_WHITE_SPACE, ' ');
}

function characterOf(text: string, code: number): Character {
  if (UNPRINTABLE.test(text)) return REPLACEMENT;
  const certain = CERTAIN.some(([first, last]) => code >= first && code <= last);
  return { text, width: eastAsianWidth(code) === 2 ? 2 : 1, certain };
}
