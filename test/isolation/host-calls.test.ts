/** Hostile values for what a Work Function may call, and for what reads its results. */
import { attacks } from './support.js';

/** A Proxy all of whose traps keep what they are given, and then do what they should. */
const SPY = `const given = []; globalThis.given = given; const spy = (target) => new Proxy(target, new Proxy({}, { get: (_, trap) => function (...args) { given.push(this, ...args); return Reflect[trap](...args); } }));`;
const LATER_SPY = `for (const value of [...(globalThis.given ?? [])]) { const got = escaped(value); if (got) return got; }`;

attacks([
  {
    name: 'a Proxy as the result: traps meet the codec',
    from: 'vm2 CVE-2021-23555, #268: proxy traps called by the host',
    code: `${SPY} return spy({ a: spy([1, 2]), b: spy(new Map()), f: 1 });`,
    later: LATER_SPY,
  },
  {
    name: 'a revoked Proxy, and Proxies of everything, to each host function',
    from: 'V8: revoked proxies in host code (crbug 666721 and kin)',
    control: true,
    code: `${SPY} const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); const values = [proxy, spy({}), spy([]), spy(function () {}), spy(new Uint8Array(8)), spy(new Error('x')), spy(new Date())];
      for (const value of values) for (const call of [() => console.log(value), () => console.table(value), () => work.emit('x', value), () => progress(value), () => reportError(value), () => setTimeout(value, value), () => new TextDecoder().decode(value), () => new TextEncoder().encodeInto('x', value), () => new Event(value, value), () => require(value), () => performance.mark('x', value), () => dispatchEvent(value), () => addEventListener('x', value, value), () => queueMicrotask(value), () => AbortSignal.any(value)])
        { try { call(); } catch (error) { const got = escaped(error); if (got) return got; } }
      for (const value of [...given]) { const got = escaped(value); if (got) return got; }`,
    later: LATER_SPY,
  },
  {
    name: 'a storm of getters: each read of the result makes more of it',
    from: 'Node vm: results whose getters never end',
    code: `const more = () => ({ get a() { return more(); }, get b() { return more(); } }); return more();`,
    limits: { sliceTimeoutMs: 1500, progressTimeoutMs: 1500 },
  },
  {
    name: 'getters of the result run, detach and change what has been encoded',
    from: 'ArrayBuffer neutering during serialisation, crbug 1081722, CVE-2016-1646',
    code: `const buffer = new ArrayBuffer(65536); const view = new Uint8Array(buffer); view.fill(0xaa);
      return { view, get evil() { try { buffer.transfer ? buffer.transfer(0) : work.emit('x', view); } catch {} return view; }, last: view };`,
  },
  {
    name: 'a resizable buffer shrinks while the codec reads it',
    from: 'V8 CVE-2023-2033 and kin: length-tracking views out of bounds',
    code: `const buffer = new ArrayBuffer(65536, { maxByteLength: 1 << 20 }); const view = new Uint8Array(buffer); const some = new Float64Array(buffer, 8, 8000);
      return { view, get evil() { buffer.resize(16); return some; }, some, get grown() { buffer.resize(1 << 20); return view; } };`,
  },
  {
    name: 'WebAssembly memory grows, and so detaches, while the codec reads it',
    from: 'V8 CVE-2017-5116: wasm memory.grow under the reader',
    code: `const memory = new WebAssembly.Memory({ initial: 1, maximum: 100 }); const view = new Uint8Array(memory.buffer);
      return { view, get evil() { memory.grow(1); return view; }, again: memory.buffer };`,
  },
  {
    name: 'valueOf, toString and Symbol.toPrimitive of arguments run code within host calls',
    from: 'vm2 #225: coercion inside host functions',
    code: `let depth = 0; const evil = { valueOf() { return evil[Symbol.toPrimitive](); }, toString() { return evil[Symbol.toPrimitive](); }, [Symbol.toPrimitive]() { if (depth++ > 50) return 1; try { setTimeout(() => {}, evil); console.log(evil); work.emit('again', evil); progress(0.5); clearTimeout(evil); } catch {} return 1; } };
      setTimeout(() => {}, evil); setInterval(() => {}, evil); clearTimeout(evil); try { new TextDecoder(evil); } catch {} try { new Event(evil); } catch {} try { performance.mark(evil); } catch {} try { new DOMException(evil, evil); } catch {} try { new CustomEvent('x', evil); } catch {}`,
  },
  {
    name: 'coercion detaches the buffer that the host is about to read or write',
    from: 'TypedArray neutering in native calls: CVE-2015-1242 and kin',
    code: `const bytes = new Uint8Array(65536); const detach = { toString() { try { bytes.buffer.transfer?.(0); structuredClone?.(0, { transfer: [bytes.buffer] }); } catch {} return 'utf-8'; }, valueOf() { return this.toString(); } };
      try { new TextEncoder().encodeInto(detach, bytes); } catch {} try { new TextDecoder(detach).decode(bytes, { get stream() { detach.toString(); return true; } }); } catch {}
      const more = new Uint8Array(new ArrayBuffer(65536, { maxByteLength: 1 << 17 })); try { new TextEncoder().encodeInto({ toString() { more.buffer.resize(0); return 'x'.repeat(1000); } }, more); } catch {}`,
  },
  {
    name: 'toJSON, then and Symbol properties of a result are data or nothing',
    from: 'Node child_process: toJSON of a value that is serialised by the host',
    code: `let called = ''; return { toJSON() { called = 'toJSON'; }, [Symbol.toPrimitive]() { called = 'primitive'; }, [Symbol.iterator]() { called = 'iterator'; } , get x() { return called || undefined; } };`,
  },
  {
    name: 'property names that mean something to somebody: __proto__, constructor, prototype, then',
    from: 'CVE-2018-3721 lodash, msgpack __proto__ pollution',
    code: `const value = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "prototype": {"polluted": 1}, "toString": 1, "hasOwnProperty": 1, "0": 1, "length": 4294967295}');
      const error = new Error('x'); Object.assign(error, { constructor: { prototype: { polluted: 1 } } }); Object.defineProperty(error, '__proto__', { value: { polluted: 1 }, enumerable: true });
      work.emit('__proto__', value); console.log(value); return { value, error, list: Object.assign([], { __proto__x: 1, constructor: 1 }) };`,
  },
  {
    name: 'a thrown value of which every property throws',
    from: 'vm2 CVE-2023-29199: exceptions whose own properties attack the handler',
    code: `throw new Proxy(new Error('x'), new Proxy({}, { get() { return () => { throw new Proxy({}, {}); }; } }));`,
  },
  {
    name: 'a thrown Error whose name, message and stack are getters that never end',
    from: 'Node vm: error.stack getters run by the host',
    code: `const error = new Error('x'); for (const key of ['name', 'message', 'stack', 'code', 'cause']) Object.defineProperty(error, key, { get() { for (;;); } }); throw error;`,
    limits: { sliceTimeoutMs: 500, progressTimeoutMs: 500 },
    endsWith: /ENOPROGRESS|ESLICETOOSLOW/,
  },
  {
    name: 'a thrown Error with megabytes of name, message and stack',
    from: 'isolated-vm: error messages copied without bound',
    code: `const big = 'x'.repeat(2e6); const error = new Error(big); error.name = big; error.stack = big + '\\n    at '.repeat(1e5); error.code = big; throw error;`,
    endsWith: /EUNCAUGHT/,
  },
  {
    name: 'errors in errors: causes and aggregates, thousands deep, in circles',
    from: 'Node: util.inspect of deep causes overflows',
    code: `let error = new Error('0'); for (let i = 0; i < 50000; i++) error = new AggregateError([error], String(i), { cause: error }); error.self = error; console.log(error); reportError(error); throw error;`,
  },
  {
    name: 'results too deep, too circular and too wide',
    from: 'isolated-vm: ExternalCopy recursion',
    code: `let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep]; const self = {}; self.self = self; return { self, deep };`,
    endsWith: /ERESULT/,
  },
  {
    name: 'arrays that claim a length they do not have',
    from: 'V8 CVE-2017-5030, CVE-2016-1646: Array.concat and lengths',
    code: `const sparse = []; sparse.length = 4294967295; sparse[4294967294] = 1; const liar = { length: 4294967295, 0: 1 }; Object.setPrototypeOf(liar, Array.prototype); console.log(sparse, liar); try { console.table(sparse.slice(0, 5)); } catch {} return { sparse, liar };`,
    limits: { sliceTimeoutMs: 2000, progressTimeoutMs: 2000 },
  },
  {
    name: 'typed arrays whose length, buffer and byteLength are shadowed',
    from: 'node-buffer pools: views that claim other bounds',
    code: `const array = new Uint8Array(8192); for (const [key, value] of Object.entries({ length: 1e9, byteLength: 1e9, byteOffset: -8, buffer: new ArrayBuffer(1), constructor: Float64Array })) Object.defineProperty(array, key, { value }); Object.defineProperty(array, Symbol.toStringTag, { value: 'Float64Array' }); Object.setPrototypeOf(array, Float64Array.prototype); work.emit('x', array); return array;`,
  },
  {
    name: 'objects that pretend to be Dates, Maps, Errors and Promises by tag and prototype',
    from: 'vm2: brand checks by Symbol.toStringTag',
    code: `const liars = ['Date', 'Map', 'Set', 'RegExp', 'Error', 'ArrayBuffer', 'Promise', 'Boolean', 'Uint8Array'].map((tag) => Object.create(globalThis[tag].prototype, { [Symbol.toStringTag]: { value: tag } })); for (const liar of liars) { try { console.log(liar); } catch (e) { const got = escaped(e); if (got) return got; } try { work.emit('x', liar); } catch (e) { const got = escaped(e); if (got) return got; } }`,
  },
  {
    name: 'work.job.public and the work object, changed',
    from: 'DCP: shared objects of the sandbox changed by a Work Function',
    code: `try { work.job.public.name = 'other'; work.job = null; Object.setPrototypeOf(work.job.public, { evil: 1 }); } catch {} Object.defineProperty(work, 'emit', { value: () => { throw 1; } }); progress.call = null; globalThis.work = undefined; globalThis.progress = undefined;`,
  },
  {
    name: 'console and emit floods with hostile names and levels',
    from: 'DCP: console flood',
    code: `for (let i = 0; i < 20000; i++) { console.log('x'.repeat(i % 5000), i); try { work.emit('\\u0000\\ud800' + i, i); work.emit('x'.repeat(1e6), i); } catch {} }`,
  },
  {
    name: 'lone surrogates, NULs and terminal escapes in everything that is text',
    from: 'CVE-2003-0020: escape sequences in logs; node: ill-formed UTF-16 to UTF-8',
    code: `const text = '\\ud800\\u0000\\u001b]0;owned\\u0007\\u001b[2J\\udfff'; console.log(text, { [text]: text }); work.emit(text, { [text]: text }); reportError(text); const error = new Error(text); error.name = text; throw error;`,
    endsWith: /EUNCAUGHT/,
  },
]);
