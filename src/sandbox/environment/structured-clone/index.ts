/** structuredClone. https://html.spec.whatwg.org/#dom-structuredclone */
import type { MakeGroup } from '../realm.js';
import { requireArguments, toDictionary } from '../webidl.js';
import { toObjects } from '../webidl-types.js';
import { createClone } from './cloner.js';

const makeStructuredClone: MakeGroup = (host, realm) => {
  const { primordials } = realm;
  const { defineProperty } = primordials;
  const clone = createClone(host, realm);

  // A method: like all operations it cannot be constructed.
  const { structuredClone } = {
    structuredClone(value: unknown, options: unknown = undefined): unknown {
      requireArguments(primordials, arguments.length, 1, 'structuredClone');
      const { transfer } = toDictionary<{ transfer: unknown }>(
        primordials,
        options,
        'structuredClone: options',
      );
      const objects =
        transfer === undefined ? [] : toObjects(primordials, transfer, 'structuredClone: options.transfer');
      return clone(value, objects);
    },
  };
  defineProperty(structuredClone, 'length', { value: 1, configurable: true });
  return { structuredClone, clone };
};

export default makeStructuredClone;
