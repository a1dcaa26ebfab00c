/** structuredClone. https://html.spec.whatwg.org/#dom-structuredclone */
import type { MakeGroup } from '../realm.js';
import { requireArguments, toDictionary } from '../webidl.js';
import { createClone } from './cloner.js';

const makeStructuredClone: MakeGroup = (host, realm) => {
  const { primordials } = realm;
  const { TypeError, defineProperty } = primordials;
  const clone = createClone(host, realm);

  /** sequence<object> */
  function toTransfer(list: unknown): object[] {
    const transfer: object[] = [];
    if (list === undefined) return transfer;
    if (typeof list !== 'object' || list === null) {
      throw new TypeError(`structuredClone: options.transfer: a sequence expected, got ${typeof list}`);
    }
    for (const item of list as Iterable<unknown>) {
      if ((typeof item !== 'object' || item === null) && typeof item !== 'function') {
        throw new TypeError(`structuredClone: options.transfer[${transfer.length}]: an object expected`);
      }
      defineProperty(transfer, transfer.length, { value: item });
    }
    return transfer;
  }

  // A method: like all operations it cannot be constructed.
  const { structuredClone } = {
    structuredClone(value: unknown, options: unknown = undefined): unknown {
      requireArguments(primordials, arguments.length, 1, 'structuredClone');
      const { transfer } = toDictionary<{ transfer: unknown }>(
        primordials,
        options,
        'structuredClone: options',
      );
      return clone(value, toTransfer(transfer));
    },
  };
  defineProperty(structuredClone, 'length', { value: 1, configurable: true });
  return { structuredClone, clone };
};

export default makeStructuredClone;
