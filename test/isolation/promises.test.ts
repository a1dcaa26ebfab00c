/** Promises, thenables and what acts later: vm2's last escapes, and code that outlives its Slice. */
import { attacks } from './support.js';

attacks([
  {
    name: 'Promise.prototype.then replaced while the host waits for a result',
    from: 'vm2 CVE-2023-37466: promise handlers run with host errors',
    control: true,
    code: `const seen = []; const then = Promise.prototype.then;
      Promise.prototype.then = function (...handlers) { seen.push(this, ...handlers); return then.apply(this, handlers); };
      Promise.prototype.catch = Promise.prototype.finally = Promise.prototype.then;
      return (async () => { await 1; for (const value of seen) { const got = escaped(value); if (got) return got; } })();`,
  },
  {
    name: 'a thenable that settles many times, sync and async',
    from: 'Promises/A+ 2.3.3.3.3; vm2 CVE-2023-32313: double settlement',
    code: `return { then(resolve, reject) { globalThis.settle = [resolve, reject]; const got = escaped(resolve) || escaped(this); resolve(got); resolve('twice'); reject(new Error('thrice')); setTimeout(() => resolve('later')); throw new Error('after'); } };`,
    later: `for (const f of globalThis.settle ?? []) f('from the Slice before');`,
  },
  {
    name: 'a thenable whose then is another getter each time',
    from: 'Node vm: getters on results read twice by the host',
    code: `let reads = 0; return { get then() { reads++; globalThis.reads = reads; if (reads === 1) return (resolve) => resolve({ get then() { throw new Error('second'); } }); return undefined; } };`,
  },
  {
    name: 'a thenable that resolves with itself, and one that never ends resolving',
    from: 'ECMA-262 27.2.1.3.2: self resolution; recursion by thenables',
    code: `const endless = { then(resolve) { resolve(endless); } }; return endless;`,
    limits: { sliceTimeoutMs: 500, progressTimeoutMs: 500 },
    endsWith: /ENOPROGRESS|ESLICETOOSLOW/,
  },
  {
    name: 'a Promise with a constructor of one’s own, and species',
    from: 'vm2 CVE-2023-37903 and its kin: Promise species of a host promise',
    code: `const seen = []; const p = Promise.resolve(0);
      p.constructor = { [Symbol.species]: function (executor) { executor((v) => seen.push(v), (e) => seen.push(e)); seen.push(executor); return {}; } };
      p.constructor[Symbol.species].prototype = {}; globalThis.speciesSeen = seen;
      for (const value of seen) { const got = escaped(value); if (got) return got; }
      return p;`,
    later: `for (const value of globalThis.speciesSeen) { const got = escaped(value); if (got) return got; }`,
    limits: { sliceTimeoutMs: 800, progressTimeoutMs: 800 },
    spoilsOwnJob: true,
  },
  {
    name: 'an object with the prototype of Promise that is none',
    from: 'vm2: instanceof checks fooled by prototypes',
    code: `const fake = Object.create(Promise.prototype, { then: { value: undefined } }); try { return Object.setPrototypeOf({ then(r) { r(undefined); } }, Promise.prototype); } finally { void fake; }`,
    limits: { sliceTimeoutMs: 800, progressTimeoutMs: 800 },
  },
  {
    name: 'a Proxy of a Promise',
    from: 'vm2 #363: proxies passed where the host expects its own objects',
    code: `const seen = []; globalThis.trapped = seen; const traps = new Proxy({}, { get: (_, trap) => (...args) => { seen.push(...args); return Reflect[trap](...args); } });
      return new Proxy(Promise.resolve(0), traps);`,
    later: `for (const value of [...globalThis.trapped]) { const got = escaped(value); if (got) return got; }`,
    limits: { sliceTimeoutMs: 800, progressTimeoutMs: 800 },
  },
  {
    name: 'Object.prototype.then catches what the host resolves',
    from: 'Realms, node#issues "then pollution": every resolved object becomes a thenable',
    code: `const seen = []; globalThis.thens = seen;
      Object.defineProperty(Object.prototype, 'then', { configurable: true, get() { seen.push(this); return undefined; } });
      return (async () => { await { a: 1 }; for (const value of seen) { const got = escaped(value); if (got) return got; } })();`,
    later: `delete Object.prototype.then; for (const value of globalThis.thens) { const got = escaped(value); if (got) return got; }`,
    spoilsOwnJob: true,
  },
  {
    name: 'timers, intervals and microtasks left behind act in no later Slice',
    from: 'isolated-vm #198: a call that goes on after it was answered',
    code: `globalThis.acted = []; setTimeout(() => acted.push('timeout'), 0); setInterval(() => acted.push('interval'), 1); setImmediate(() => acted.push('immediate'));
      new AbortController(); AbortSignal.timeout(1).addEventListener('abort', () => acted.push('abort'));`,
    later: `for (const end = performance.now() + 5; performance.now() < end; ); return globalThis.acted.join();`,
  },
  {
    name: 'a Slice that ended cannot emit, reject or report for the next one with its own handles',
    from: 'DCP: work.reject after the end; isolated-vm References kept',
    code: `globalThis.kept = { reject: work.reject, emit: work.emit, progress }; queueMicrotask(() => { try { work.reject('late'); } catch {} }); return undefined;`,
  },
  {
    name: 'a rejected promise is handled after the Slice',
    from: 'HTML: rejectionhandled of another task',
    code: `globalThis.p = Promise.reject(new Error('left')); globalThis.q = Promise.reject(new Proxy({}, { get() { throw new Error('no'); }, getPrototypeOf() { throw 1; } }));`,
    later: `globalThis.p?.catch(() => {}); globalThis.q?.catch(() => {});`,
  },
  {
    name: 'an unhandledrejection listener throws, rejects and rethrows',
    from: "Node: 'unhandledRejection' handlers that throw",
    code: `addEventListener('unhandledrejection', (event) => { Promise.reject(event); throw event; }); globalThis.onunhandledrejection = (event) => { throw event.promise; }; onerror = () => { throw new Error('again'); };
      Promise.reject(1); return (async () => { await null; Promise.reject(2); })();`,
  },
  {
    name: 'termination caught by catch, finally, Proxy traps and promise jobs',
    from: 'isolated-vm #47, vm timeouts: try { for(;;); } finally { for(;;); }',
    code: `const forever = () => { try { for (;;); } catch { forever(); } finally { forever(); } };
      queueMicrotask(forever); Promise.resolve().then(forever, forever).finally(forever);
      new Proxy({}, { get() { forever(); } }).x;`,
    limits: { sliceTimeoutMs: 400, progressTimeoutMs: 400 },
    endsWith: /ENOPROGRESS|ESLICETOOSLOW/,
  },
  {
    name: 'an endless chain of promise jobs after the Slice',
    from: "Node's vm: microtaskMode, a timeout that does not see promise jobs",
    code: `const spin = () => { Promise.resolve().then(spin); }; spin(); return (async () => { await new Promise((resolve) => setTimeout(resolve, 5)); })();`,
    limits: { sliceTimeoutMs: 400, progressTimeoutMs: 400 },
    endsWith: /ENOPROGRESS|ESLICETOOSLOW/,
  },
  {
    name: 'async iterators and generators that never return, closed by the host',
    from: 'vm2 CVE-2023-30547: async generator return()',
    code: `async function* endless() { try { for (;;) yield 1; } finally { await new Promise(() => {}); } } const it = endless();
      return (async () => { await it.next(); const got = escaped(it) || escaped(it.return()); return got; })();`,
  },
  {
    name: 'WeakRef and FinalizationRegistry run nothing in a later Slice that reaches out',
    from: 'SES: WeakRef and FinalizationRegistry are left out of compartments',
    code: `globalThis.finalised = []; const registry = new FinalizationRegistry((held) => globalThis.finalised.push(held)); for (let i = 0; i < 1000; i++) registry.register({}, { i }); globalThis.refs = [new WeakRef({}), registry];
      for (let i = 0; i < 50; i++) new ArrayBuffer(1 << 20);`,
    later: `for (const value of [...globalThis.finalised, ...globalThis.refs]) { const got = escaped(value); if (got) return got; }`,
  },
]);
