/**
 * URL and URLSearchParams (https://url.spec.whatwg.org/), by the library of the standard's own editors. Blob URLs are not
 * there: nothing could fetch them.
 */
import { URL, URLSearchParams } from 'whatwg-url';
import type { MakeGroup } from '../realm.js';

const makeUrl: MakeGroup = (_host, { primordials: { apply, MapPrototypeSet, platformPrototypes } }) => {
  apply(MapPrototypeSet, platformPrototypes, [URL.prototype, null]);
  apply(MapPrototypeSet, platformPrototypes, [URLSearchParams.prototype, null]);
  return { URL, URLSearchParams };
};

export default makeUrl;
