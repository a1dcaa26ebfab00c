/** The type of a Blob that a body becomes. https://fetch.spec.whatwg.org/#concept-header-extract-mime-type */
import MIMEType from 'whatwg-mimetype';
import { realm } from './realm.js';

/** What the types of the library leave out. */
type Serialized = MIMEType & { toString(): string };

/** "Extract a MIME type", serialized; '' for a failure. @param header a `Content-Type`, null for none */
export function toMimeType(header: string | null): string {
  if (header === null) return '';
  let essence = '';
  let charset: string | null = null;
  let type: MIMEType | null = null;
  const values = splitValues(header);
  for (let index = 0; index < values.length; index++) {
    const next = MIMEType.parse(values[index]!);
    if (next === null || next.essence === '*/*') continue;
    type = next;
    const own = next.parameters.get('charset') ?? null;
    if (next.essence !== essence) {
      charset = own;
      ({ essence } = next);
    } else if (own === null && charset !== null) {
      next.parameters.set('charset', charset);
    }
  }
  return type === null ? '' : (type as Serialized).toString();
}

/** "Get, decode, and split": at commas that are not within quotes. Parsing a type leaves out the white space around. */
function splitValues(header: string): string[] {
  const { apply, StringPrototypeSlice } = realm.primordials;
  const values: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < header.length; at++) {
    if (quoted && header[at] === '\\') at++;
    else if (header[at] === '"') quoted = !quoted;
    else if (!quoted && header[at] === ',') {
      values[values.length] = apply(StringPrototypeSlice, header, [start, at]);
      start = at + 1;
    }
  }
  values[values.length] = apply(StringPrototypeSlice, header, [start, header.length]);
  return values;
}
