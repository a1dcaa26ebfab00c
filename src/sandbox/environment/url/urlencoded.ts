/**
 * application/x-www-form-urlencoded (https://url.spec.whatwg.org/#application/x-www-form-urlencoded) in place of the library's, which
 * goes through bytes even where none is encoded. scripts/whatwg-url.mjs puts it in.
 */
import { isURLEncodedPercentEncode, percentDecodeText, utf8PercentEncodeString } from './percent-encoding.js';

type Pair = [name: string, value: string];

/** https://url.spec.whatwg.org/#concept-urlencoded-string-parser */
export function parseUrlencodedString(input: string): Pair[] {
  const pairs: Pair[] = [];
  let start = 0;
  while (start < input.length) {
    const found = input.indexOf('&', start);
    const end = found < 0 ? input.length : found;
    if (end > start) pairs.push(pairOf(input.slice(start, end)));
    start = end + 1;
  }
  return pairs;
}

function pairOf(text: string): Pair {
  const equals = text.indexOf('=');
  return equals < 0 ? [decode(text), ''] : [decode(text.slice(0, equals)), decode(text.slice(equals + 1))];
}

function decode(text: string): string {
  return percentDecodeText(text.includes('+') ? text.replaceAll('+', ' ') : text);
}

/** https://url.spec.whatwg.org/#concept-urlencoded-serializer */
export function serializeUrlencoded(pairs: readonly Pair[]): string {
  let output = '';
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index]!;
    output += `${index > 0 ? '&' : ''}${encode(pair[0])}=${encode(pair[1])}`;
  }
  return output;
}

function encode(text: string): string {
  return utf8PercentEncodeString(text, isURLEncodedPercentEncode, true);
}
