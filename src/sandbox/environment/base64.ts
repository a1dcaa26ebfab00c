/** atob and btoa. https://html.spec.whatwg.org/#atob */
import type { MakeGroup } from './realm.js';
import { requireArguments } from './webidl.js';
import { toDOMString } from './webidl-types.js';

const makeBase64: MakeGroup = (host, realm) => {
  const { primordials } = realm;

  const refuse = (message: string): never => {
    const { DOMException } = realm.group('dom-exception');
    throw new DOMException(message, 'InvalidCharacterError');
  };

  // Methods: like all operations they cannot be constructed.
  const { atob, btoa } = {
    atob(data: unknown): string {
      requireArguments(primordials, arguments.length, 1, 'atob');
      return host.base64Decode(toDOMString(data)) ?? refuse('atob: the text is not correctly encoded');
    },
    btoa(data: unknown): string {
      requireArguments(primordials, arguments.length, 1, 'btoa');
      return host.base64Encode(toDOMString(data)) ?? refuse('btoa: the text has characters beyond U+00FF');
    },
  };
  return { atob, btoa };
};

export default makeBase64;
