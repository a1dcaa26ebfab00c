/**
 * whatwg-url as it is bundled for Sandboxes: what it takes 10 microseconds for, with each character or each pair of a query, is
 * replaced. What comes of a URL stays the same; test/environment/url.test.ts compares it with Node's.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './steps.mjs';

const OURS = path.join(root, 'src/sandbox/environment/url');

/** Modules of the library in whose place ours are. */
const REPLACED = /^\.\/(percent-encoding|urlencoded)$/;

/**
 * What stands in a module of the library, and what stands there in its place.
 * @type {Readonly<Record<string, readonly (readonly [was: string, is: string])[]>>}
 */
const CHANGES = {
  'url-state-machine.js': [
    // The tables of IDNA are a third of the library, and most hosts are of ASCII.
    [
      'const tr46 = require("tr46");',
      `const { isPlainDomain, takeRun, unitsOf } = require(${JSON.stringify(path.join(OURS, 'runs.ts'))});`,
    ],
    [
      'const result = tr46.toASCII(',
      'const result = isPlainDomain(domain) ? domain.toLowerCase() : require("tr46").toASCII(',
    ],
    ['{ percentDecodeString,', '{ percentDecodeText,'],
    ['utf8DecodeWithoutBOM(percentDecodeString(input))', 'percentDecodeText(input)'],
    ['const { utf8DecodeWithoutBOM } = require("./encoding");', ''],
    // A method by the state's own name, not by a text that is put together for each step.
    ['URLStateMachine.prototype["parse ', 'URLStateMachine.prototype["'],
    ['this[`parse ${this.state}`]', 'this[this.state]'],
    // Code units, and whole runs of them.
    ['return [...str].length;', 'return str.length;'],
    [
      'this.input = Array.from(this.input, c => c.codePointAt(0));\n\n  for (; this.pointer <= this.input.length; ++this.pointer) {',
      'this.text = this.input;\n  this.input = unitsOf(this.text);\n\n  for (; this.pointer <= this.input.length; ++this.pointer) {\n    takeRun(this);',
    ],
    [
      `const len = countSymbols(this.buffer);
    for (let pointer = 0; pointer < len; ++pointer) {
      const codePoint = this.buffer.codePointAt(pointer);

      if (codePoint === p(":") && !this.passwordTokenSeen) {
        this.passwordTokenSeen = true;
        continue;
      }
      const encodedCodePoints = utf8PercentEncodeCodePoint(codePoint, isUserinfoPercentEncode);
      if (this.passwordTokenSeen) {
        this.url.password += encodedCodePoints;
      } else {
        this.url.username += encodedCodePoints;
      }
    }`,
      `let rest = this.buffer;
    if (!this.passwordTokenSeen) {
      const colon = rest.indexOf(":");
      this.passwordTokenSeen = colon >= 0;
      const name = colon >= 0 ? rest.slice(0, colon) : rest;
      this.url.username += utf8PercentEncodeString(name, isUserinfoPercentEncode);
      rest = colon >= 0 ? rest.slice(colon + 1) : "";
    }
    this.url.password += utf8PercentEncodeString(rest, isUserinfoPercentEncode);`,
    ],
  ],
  // The query is serialised when somebody reads it, not at each change of the parameters.
  'URLSearchParams-impl.js': [
    [
      `let serializedQuery = urlencoded.serializeUrlencoded(this._list);
      if (serializedQuery === "") {
        serializedQuery = null;
      }

      this._url._url.query = serializedQuery;`,
      'this._url._queryIsStale = true;',
    ],
    [
      `let i = 0;
    while (i < this._list.length) {
      if (this._list[i][0] === name && (value === undefined || this._list[i][1] === value)) {
        this._list.splice(i, 1);
      } else {
        i++;
      }
    }`,
      `let kept = 0;
    for (const tuple of this._list) {
      if (tuple[0] !== name || (value !== undefined && tuple[1] !== value)) {
        this._list[kept++] = tuple;
      }
    }
    this._list.length = kept;`,
    ],
    [
      `let i = 0;
    while (i < this._list.length) {
      if (this._list[i][0] === name) {
        if (found) {
          this._list.splice(i, 1);
        } else {
          found = true;
          this._list[i][1] = value;
          i++;
        }
      } else {
        i++;
      }
    }
    if`,
      `let kept = 0;
    for (const tuple of this._list) {
      if (tuple[0] === name) {
        if (found) {
          continue;
        }
        found = true;
        tuple[1] = value;
      }
      this._list[kept++] = tuple;
    }
    this._list.length = kept;
    if`,
    ],
  ],
  'URL-impl.js': [
    [
      'this._url = parsedURL;\n\n    // We cannot',
      'this._url = parsedURL;\n    this._queryIsStale = false;\n\n    // We cannot',
    ],
    [
      'this._url = parsedURL;\n\n    this._query._list',
      'this._url = parsedURL;\n    this._queryIsStale = false;\n\n    this._query._list',
    ],
    [
      'get href() {',
      `_updateQuery() {
    if (this._queryIsStale) {
      this._queryIsStale = false;
      this._url.query = this._query._list.length === 0 ? null : urlencoded.serializeUrlencoded(this._query._list);
    }
  }

  get href() {
    this._updateQuery();`,
    ],
    ['get search() {', 'get search() {\n    this._updateQuery();'],
    ['set search(v) {', 'set search(v) {\n    this._queryIsStale = false;'],
  ],
  // The list itself, not a copy of it for each step.
  'URLSearchParams.js': [
    ['pairs = Array.from(this[implSymbol]);', 'pairs = this[implSymbol]._list;'],
    [
      'const newObjectInRealm = utils.newObjectInRealm;',
      'const newObjectInRealm = (_realm, object) => object;',
    ],
    ['const values = Array.from(target[implSymbol]);', 'const values = target[implSymbol]._list;'],
  ],
};

/** @type {import('esbuild').Plugin} */
export const QUICK_WHATWG_URL = {
  name: 'quick-whatwg-url',
  setup(build) {
    build.onResolve({ filter: REPLACED }, ({ path: name, importer }) =>
      importer.includes('/whatwg-url/') ? { path: path.join(OURS, `${path.basename(name)}.ts`) } : undefined,
    );
    build.onLoad({ filter: /\/whatwg-url\/lib\/[^/]+\.js$/ }, ({ path: file }) => {
      const changes = CHANGES[path.basename(file)];
      if (!changes) return undefined;
      let text = readFileSync(file, 'utf8');
      for (const [was, is] of changes) {
        if (!text.includes(was)) throw new Error(`${file}: this stands there no more: ${was}`);
        text = text.replaceAll(was, () => is);
      }
      return { contents: text, loader: 'js' };
    });
  },
};
