/**
 * Intrinsics replaced under the feet of the prelude and the codec, which run in the same realm. They may spoil the Job's own
 * results. They may not hand out what the prelude holds, nor make it say what the host believes.
 */
import { attacks, type Attack } from './support.js';

/** Keeps all receivers and arguments of every function of these objects from now on. */
const WIRETAP = `
const heard = []; globalThis.heard = heard; const push = (value) => { if (heard.length < 20000 && ((typeof value === 'object' && value !== null) || typeof value === 'function')) heard[heard.length] = value; };
const { apply: apply0, construct: construct0, defineProperty: define0, getOwnPropertyDescriptor: describe0, ownKeys: keys0 } = Reflect;
const tap = (object, except = []) => { for (const key of keys0(object)) { const d = describe0(object, key); if (!d || !d.configurable || except.includes(key)) continue;
  const wrap = (f) => typeof f !== 'function' ? f : function (...args) { push(this); for (let i = 0; i < args.length; i++) push(args[i]); return new.target ? construct0(f, args, new.target) : apply0(f, this, args); };
  try { define0(object, key, 'value' in d ? { ...d, value: key === 'constructor' ? d.value : wrap(d.value) } : { ...d, get: wrap(d.get), set: wrap(d.set) }); } catch {} } };
const judge = () => { for (let i = 0; i < heard.length && i < 100000; i++) { const got = escaped(heard[i]); if (got) return got; } };
const exercise = () => { try { console.log({ a: [1] }, new Error('x')); work.emit('x', { y: [1, 'text'.repeat(100), new Uint8Array(5000)] }); setTimeout(() => {}); progress(0.1); queueMicrotask(() => {}); new TextEncoder().encode('x'); new TextDecoder().decode(new Uint8Array(3)); dispatchEvent(new Event('x')); performance.mark('x'); reportError(new Error('y')); Promise.reject(new Error('z')); console.table([{ a: 1 }]); AbortSignal.abort(); navigator.hardwareConcurrency; } catch {} };
`;
const LATER = `const list = globalThis.heard ?? []; for (let i = 0; i < list.length && i < 100000; i++) { const got = escaped(list[i]); if (got) return got; }`;

const tapped = (name: string, objects: string, more: Pick<Attack, 'control'> = {}): Attack => ({
  name: `every method of ${name} wiretapped`,
  from: 'Realms and SES: patched intrinsics capture the powers of code that trusts them',
  code: `${WIRETAP} for (const object of [${objects}]) tap(object); exercise(); const got = judge(); if (got) return got; return { list: [1, { a: 'x'.repeat(300) }, new Float64Array(1000), new Map([[1, 2]])] };`,
  later: LATER,
  spoilsOwnJob: true,
  ...more,
});

attacks([
  tapped('Function.prototype', 'Function.prototype'),
  tapped('Array and its iterators', 'Array, Array.prototype, Object.getPrototypeOf([][Symbol.iterator]())', {
    control: true,
  }),
  tapped('Object and Object.prototype', 'Object, Object.prototype', { control: true }),
  tapped('Reflect and Proxy', 'Reflect'),
  tapped('Promise', 'Promise, Promise.prototype'),
  tapped(
    'typed arrays',
    'Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf(Uint8Array.prototype), Uint8Array.prototype, Uint32Array.prototype, Float64Array.prototype',
    { control: true },
  ),
  tapped('ArrayBuffer and DataView', 'ArrayBuffer, ArrayBuffer.prototype, DataView.prototype'),
  tapped('String, RegExp and Symbol', 'String, String.prototype, RegExp.prototype, Symbol.prototype'),
  tapped(
    'Map, Set, WeakMap and their iterators',
    'Map.prototype, Set.prototype, WeakMap.prototype, Object.getPrototypeOf(new Map().entries())',
    { control: true },
  ),
  tapped('JSON, Math, Number and BigInt', 'JSON, Math, Number, Number.prototype, BigInt, BigInt.prototype'),
  tapped('Error and its kin', 'Error, Error.prototype, TypeError.prototype, AggregateError.prototype', {
    control: true,
  }),
  {
    name: 'every global constructor replaced by one that keeps its arguments',
    from: 'SES: shims that read globals at run time',
    code: `${WIRETAP} for (const name of ['Uint8Array', 'Uint32Array', 'Float64Array', 'ArrayBuffer', 'DataView', 'Promise', 'Error', 'TypeError', 'Map', 'Set', 'Array', 'Object', 'String', 'Number', 'RegExp', 'Proxy', 'Symbol']) { const original = globalThis[name];
        globalThis[name] = new Proxy(original, { apply(t, self, args) { push(self); args.forEach(push); return apply0(t, self, args); }, construct(t, args, n) { args.forEach(push); return construct0(t, args, t); } }); }
      exercise(); return judge() ?? { a: new Uint8Array(9000) };`,
    later: LATER,
    spoilsOwnJob: true,
  },
  {
    name: 'setters on Array.prototype indices and Object.prototype names the prelude writes',
    from: 'CVE-2015-0817 and kin: setters on array indices of privileged code',
    code: `${WIRETAP} for (const key of ['0', '1', '2', '3', 'value', 'get', 'set', 'length', 'head', 'segments', 'heads', 'start', 'end', 'host', 'callback', 'args', 'slice', 'level', 'text', 'reason', 'kind', 'node', 'code', 'writable', 'configurable', 'enumerable', 'uninstantiated', 'dataView', 'position']) { for (const target of [Array.prototype, Object.prototype]) { try { define0(target, key, { configurable: true, get() { push(this); return undefined; }, set(value) { push(this); push(value); } }); } catch {} } }
      exercise(); return judge() ?? [1, [2], { a: 3 }];`,
    later: LATER,
    spoilsOwnJob: true,
  },
  {
    name: 'globals replaced before the lazily made ones are',
    from: 'Realms: late initialisation of shims in a patched realm',
    control: true,
    code: `${WIRETAP} for (const target of [Function.prototype, Array.prototype, Object, Reflect, Object.getPrototypeOf(Uint8Array.prototype)]) tap(target, ['call', 'apply', 'bind']); for (const name of ['Map', 'WeakMap', 'Uint8Array', 'Error', 'Symbol', 'Promise', 'Reflect', 'Object']) try { globalThis[name] = new Proxy(globalThis[name], { get(t, k) { push(t[k]); return t[k]; } }); } catch {}
      exercise(); return judge();`,
    later: LATER,
    spoilsOwnJob: true,
  },
  {
    name: 'lazily made globals read with the global object as a prototype, through Proxies and in strange receivers',
    from: 'V8: lazy data properties and receivers',
    control: true,
    code: `const child = Object.create(globalThis); const names = ['console', 'TextDecoder', 'AbortController', 'navigator', 'performance', 'DOMException']; for (const name of names) { let got = escaped(child[name]) || escaped(Reflect.get(globalThis, name, new Proxy({}, {}))) || escaped(new Proxy(globalThis, {})[name]); if (got) return got; delete globalThis[name]; globalThis[name] = 1; }`,
  },
  {
    name: 'prototypes frozen, emptied and replaced by null',
    from: 'SES: override mistake; frozen primordials break privileged code',
    code: `for (const object of [Array.prototype, Object.prototype, Function.prototype, Promise.prototype, Error.prototype, Object.getPrototypeOf(Uint8Array.prototype)]) { for (const key of Reflect.ownKeys(object)) { try { delete object[key]; } catch {} } Object.freeze(object); } Reflect.ownKeys(globalThis).forEach((key) => { try { delete globalThis[key]; } catch {} });`,
    spoilsOwnJob: true,
  },
  {
    name: 'Object.prototype polluted with what options objects are asked for',
    from: 'CVE-2023-30533 and all prototype pollution: options read by inheritance',
    code: `for (const key of ['get', 'set', 'value', 'writable', 'stream', 'fatal', 'ignoreBOM', 'signal', 'once', 'passive', 'capture', 'detail', 'bubbles', 'cancelable', 'cause', 'shell', 'env', 'argv0', 'execPath', 'NODE_OPTIONS', 'sharedArrayBuffer', 'fineClock', 'maxByteLength', 'transfer', 'name', 'message', 'code', 'limits', 'heapMiB']) Object.prototype[key] = { toString() { return 'polluted'; } };
      try { console.log({}); work.emit('x', {}); setTimeout(() => {}); } catch {}`,
    spoilsOwnJob: true,
  },
  {
    name: 'the length and element accessors of typed arrays lie',
    from: 'V8 fast paths, CVE-2021-30551: results made from lies',
    code: `const proto = Object.getPrototypeOf(Uint8Array.prototype); for (const key of ['length', 'byteLength', 'byteOffset']) Object.defineProperty(proto, key, { get: () => 0xffffffff }); Object.defineProperty(proto, 'buffer', { get: () => new ArrayBuffer(1) }); return new Uint8Array(10000);`,
    spoilsOwnJob: true,
  },
  {
    name: 'slice, map and subarray give the delivery forged columns',
    from: 'DESIGN: the boundary is the parser of heads and segment tables',
    code: `const forged = [new Uint32Array([0xffffffff]), new Uint32Array(0), new Float64Array(4), {}, null, [], new Uint8Array(0)]; let turn = 0;
      const proto = Object.getPrototypeOf(Uint8Array.prototype); for (const key of ['slice', 'subarray', 'set', 'fill']) proto[key] = function () { return forged[turn++ % forged.length]; };
      Array.prototype.map = function () { return [forged[turn++ % forged.length], new DataView(new ArrayBuffer(8)), 1, null]; };
      return [new Uint8Array(10000), new Float64Array(10000)];`,
    spoilsOwnJob: true,
  },
  {
    name: 'slice answers ends that fall, overlap and reach beyond',
    from: 'DESIGN: forged ends, segments outside',
    code: `const proto = Object.getPrototypeOf(Uint8Array.prototype); const slice = proto.slice; proto.slice = function (...args) { const real = Reflect.apply(slice, this, args); if (real instanceof Uint32Array) { real.fill(0xfffffff0); real[0] = 5; } return real; }; return { a: new Uint8Array(10000) };`,
    spoilsOwnJob: true,
  },
  {
    name: 'slice answers other ends in range: one Slice shows as another',
    from: 'DESIGN: results for other Slices',
    code: `const proto = Object.getPrototypeOf(Uint8Array.prototype); const slice = proto.slice; proto.slice = function (...args) { const real = Reflect.apply(slice, this, args); if (real instanceof Uint32Array) real.fill(0); return real; }; return 'x'.repeat(10);`,
    spoilsOwnJob: true,
  },
  {
    name: 'RegExp legacy statics show nothing of the host’s matches',
    from: 'RegExp.$1, RegExp.input: legacy static properties shared by a realm',
    code: `console.log(new Error('x')); reportError(new Error('y')); try { progress('42%'); } catch {} return [RegExp.$1, RegExp.input, RegExp.lastMatch, RegExp.leftContext].some((text) => /\\/(tmp|home|work)\\/|secret/i.test(text)) ? 'RegExp statics: ' + RegExp.input : undefined;`,
  },
]);
