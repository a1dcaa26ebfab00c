/**
 * Runs of characters that a state of the library's parser only takes over, taken over at once. The library takes one code point
 * after another; so its input can be UTF-16 code units: what is no ASCII is always within a run, where it means something.
 * scripts/whatwg-url.mjs puts it in.
 */
import { Uint16Array } from './library-globals.js';
import {
  isC0ControlPercentEncode,
  isFragmentPercentEncode,
  isPathPercentEncode,
  utf8PercentEncodeString,
} from './percent-encoding.js';

/** What of the library's URLStateMachine is used here. */
interface Machine {
  readonly text: string;
  readonly input: Uint16Array;
  readonly state: string;
  readonly stateOverride: string | undefined;
  readonly url: { path: string | string[]; fragment: string };
  pointer: number;
  buffer: string;
}

export function unitsOf(text: string): Uint16Array {
  const units = new Uint16Array(text.length);
  for (let index = 0; index < text.length; index++) units[index] = text.charCodeAt(index);
  return units;
}

/** 1: the state sees to the character itself. */
type Stops = Uint8Array;

const stopsAt = (characters: string): Stops => {
  const stops = new Uint8Array(0x80);
  for (let index = 0; index < characters.length; index++) stops[characters.charCodeAt(index)] = 1;
  return stops;
};

const notOfScheme = (): Stops => {
  const stops = new Uint8Array(0x80);
  for (let unit = 0; unit < 0x80; unit++) {
    const letter = unit | 0x20;
    const isKept = (letter >= 0x61 && letter <= 0x7a) || (unit >= 0x30 && unit <= 0x39);
    stops[unit] = Number(!isKept);
  }
  return stops;
};

const AT_HOST = stopsAt(':/?#\\[]');

const STOPS = {
  __proto__: null,
  scheme: notOfScheme(),
  authority: stopsAt('@/?#\\'),
  host: AT_HOST,
  hostname: AT_HOST,
  'file host': stopsAt('/\\?#'),
  path: stopsAt('/\\?#'),
  'opaque path': stopsAt(' ?#'),
  query: stopsAt('#'),
  fragment: stopsAt(''),
} as unknown as Readonly<Record<string, Stops | undefined>>;

/** Takes over what begins at the machine's pointer, and moves it on. */
export function takeRun(machine: Machine): void {
  const { state } = machine;
  const stops = STOPS[state];
  // A host that is assigned to a URL of files is read otherwise from its first character.
  if (stops === undefined || (stops === AT_HOST && machine.stateOverride)) return;
  const { input, pointer } = machine;
  const isScheme = state === 'scheme';
  let end = pointer;
  while (end < input.length) {
    const unit = input[end]!;
    if (unit < 0x80 ? stops[unit] === 1 : isScheme) break;
    end++;
  }
  if (end === pointer) return;
  const run = machine.text.slice(pointer, end);
  machine.pointer = end;
  if (state === 'path') machine.buffer += utf8PercentEncodeString(run, isPathPercentEncode);
  else if (state === 'opaque path')
    (machine.url.path as string) += utf8PercentEncodeString(run, isC0ControlPercentEncode);
  else if (state === 'fragment')
    machine.url.fragment += utf8PercentEncodeString(run, isFragmentPercentEncode);
  else machine.buffer += isScheme ? run.toLowerCase() : run;
}

/** Whether a domain is of ASCII that IDNA leaves as it is, but for the case of letters: the tables need not be loaded. */
export function isPlainDomain(domain: string): boolean {
  return /^[a-z\d.-]*$/i.test(domain) && !/xn--/i.test(domain);
}
