/**
 * URL and URLSearchParams (https://url.spec.whatwg.org/), by the library of the standard's own editors. Blob URLs are not
 * there: nothing could fetch them.
 */
import { URL, URLSearchParams } from 'whatwg-url';
import type { MakeGroup } from '../realm.js';
import { showInConsole } from '../webidl.js';

const makeUrl: MakeGroup = (_host, { primordials }) => {
  const { apply, defineProperty, MapPrototypeSet, ObjectKeys, platformPrototypes } = primordials;
  const interfaces: Record<string, typeof URL | typeof URLSearchParams> = { URL, URLSearchParams };
  const names = ObjectKeys(interfaces);
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    const type = interfaces[name]!;
    apply(MapPrototypeSet, platformPrototypes, [type.prototype, null]);
    // The bundler renames what shares its name with something else.
    defineProperty(type, 'name', { value: name, configurable: true });
  }
  showInConsole(primordials, URL.prototype, ['href']);
  const text = URLSearchParams.prototype.toString;
  apply(MapPrototypeSet, primordials.platformMembers, [URLSearchParams.prototype, [['', text]]]);
  return interfaces;
};

export default makeUrl;
