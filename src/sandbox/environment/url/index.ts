/**
 * URL and URLSearchParams (https://url.spec.whatwg.org/), by the library of the standard's own editors. Blob URLs are not
 * there: nothing could fetch them.
 */
import { URL, URLSearchParams } from 'whatwg-url';
import type { MakeGroup } from '../realm.js';

const makeUrl: MakeGroup = () => ({ URL, URLSearchParams });

export default makeUrl;
