/** Ways out of a realm by what reaches in: constructors, errors, call sites, callers, modules. */
import { attacks } from './support.js';

/** Calls everything that a Work Function is given, with arguments that make it throw, and answers what came of it. */
const PROVOKE = `
const caught = [];
const provoke = (call) => { try { const got = call(); caught.push(got); if (got && typeof got.then === 'function') got.then((v) => caught.push(v), (e) => caught.push(e)); } catch (error) { caught.push(error); } };
const hostile = [undefined, null, Symbol('s'), 1n, {}, -1, NaN, 'x', () => 1, new Proxy({}, {}), [], new Uint8Array(4)];
const given = { progress, require, setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate, queueMicrotask, reportError, emit: work.emit, reject: undefined };
for (const name in given) if (given[name] && name !== 'reject') for (const argument of hostile) provoke(() => given[name](argument, argument, argument));
for (const level of ['log', 'table', 'dir', 'trace', 'group']) for (const argument of hostile) provoke(() => console[level](argument, argument));
for (const Class of [TextDecoder, TextEncoder, AbortController, Event, CustomEvent, EventTarget, DOMException]) for (const argument of hostile) provoke(() => new Class(argument, argument));
for (const argument of hostile) { provoke(() => new TextDecoder().decode(argument)); provoke(() => new TextEncoder().encodeInto(argument, argument)); provoke(() => performance.mark(argument, argument)); provoke(() => performance.measure(argument, argument)); provoke(() => addEventListener(argument, argument, argument)); provoke(() => AbortSignal.timeout(argument)); provoke(() => dispatchEvent(argument)); }
`;

attacks([
  {
    name: 'constructor.constructor of what the host made',
    from: "Node's vm: this.constructor.constructor('return process')()",
    control: true,
    code: `for (const value of [globalThis, this, work, work.emit, work.job, progress, console, console.log, setTimeout, require, performance, navigator, arguments, arguments.callee])
      { const got = escaped(value); if (got) return got; }
      return (function () {}).constructor('return typeof process')() !== 'undefined' && 'process';`,
  },
  {
    name: 'constructors of async functions, generators and async generators',
    from: "vm2 #32: (async function(){}).constructor('return process')()",
    code: `for (const f of [async function () {}, function* () {}, async function* () {}]) {
      const made = f.constructor('return typeof process + typeof require.cache + typeof module')();
      const got = escaped(f.constructor) || escaped(made); if (got) return got;
    }
    return (async () => { const t = await (async function () {}).constructor('return typeof process')(); return t !== 'undefined' && t; })();`,
  },
  {
    name: 'errors that host functions throw',
    from: 'vm2 CVE-2019-10761, #185: a host RangeError or TypeError carries the host realm',
    control: true,
    code: `${PROVOKE} for (const value of caught) { const got = escaped(value) || escaped(value && value.constructor); if (got) return got; }`,
  },
  {
    name: 'what host functions return, and what they bring with it',
    from: 'SES: everything reachable from an endowment belongs to the compartment',
    control: true,
    code: `${PROVOKE} for (const value of caught) if (value !== null && (typeof value === 'object' || typeof value === 'function'))
      for (const key of Reflect.ownKeys(value)) { try { const got = escaped(value[key]); if (got) return got; } catch {} }`,
  },
  {
    name: 'stack overflow at the edge of every host function',
    from: 'vm2 CVE-2021-23449, vm-breakout: RangeError: Maximum call stack size exceeded of the host',
    code: `${PROVOKE}
      const functions = [...Object.values(given).filter(Boolean), console.log, console.table, (x) => new TextDecoder().decode(x), () => new Event('x'), () => performance.mark('x'), (x) => work.emit('x', x)];
      for (const f of functions) {
        // At many depths of the last hundred frames.
        let depth = 0; const measure = () => { depth++; measure(); }; try { measure(); } catch {}
        for (let at = depth - 100; at < depth + 10; at += 5) {
          const down = (n) => { if (n > 0) return down(n - 1); f(new Uint8Array(3)); };
          try { down(at); } catch (error) { const got = escaped(error) || escaped(error.constructor); if (got) return got; }
        }
      }`,
  },
  {
    name: 'Error.prepareStackTrace is given CallSites of frames outside',
    from: 'vm2 CVE-2022-36067 (SandBreak), CVE-2023-29017: CallSite.getThis() and getFunction()',
    control: true,
    code: `const seen = [];
      Error.prepareStackTrace = (error, sites) => { for (const site of sites) seen.push(site); return sites; };
      new Error('a').stack; try { null.x; } catch (error) { error.stack; }
      console.log(new Error('b')); reportError(new Error('c')); console.trace('d');
      Promise.reject(new Error('e'));
      for (const site of seen) for (const method of ['getThis', 'getFunction', 'getEvalOrigin', 'getTypeName'])
        { let value; try { value = site[method](); } catch {} const got = escaped(value); if (got) return method + ': ' + got; }
      for (const site of seen) { const f = site.getFileName && site.getFileName(); if (typeof f === 'string' && f.startsWith('/')) return f; if (/^(node|file):/.test(String(f))) return f; }`,
  },
  {
    name: 'Error.prepareStackTrace while the host shows an error',
    from: 'vm2 CVE-2023-30547, CVE-2023-32314: errors sanitised too late',
    code: `globalThis.sites = [];
      Error.prepareStackTrace = (error, sites) => { globalThis.sites.push(...sites.map((site) => { try { return [site.getThis(), site.getFunction()]; } catch { return []; } }).flat()); return 'mine'; };
      setTimeout(() => { throw new Error('uncaught'); });
      throw new Error('mine to show');`,
    later: `for (const value of globalThis.sites) { const got = escaped(value); if (got) return got; }`,
  },
  {
    name: 'Error.stackTraceLimit as an object, getter and Proxy',
    from: 'vm2 CVE-2023-29199: exception sanitisation by transformer',
    code: `Object.defineProperty(Error, 'stackTraceLimit', { get() { throw this; } }); new Error().stack;
      Object.defineProperty(Error, 'stackTraceLimit', { value: Infinity });
      const recursion = (n) => { if (n) return recursion(n - 1); return new Error('deep').stack; };
      const stack = recursion(200); if (/(^|\\W)(node:|file:\\/\\/|\\/.*\\/dist)/.test(stack)) return stack;
      if (/dcp:prelude/.test(stack)) return undefined;`,
  },
  {
    name: 'stack traces name nothing of the host',
    from: "Node's vm: stacks of shared frames show the host's files",
    code: `const stack = String(new Error('x').stack); if (/node:|file:|node_modules|\\.cc|\\/dist\\//.test(stack)) return stack; throw new Error('look');`,
  },
  {
    name: 'arguments.callee.caller and Function.prototype.caller',
    from: 'Caja and ADsafe: walking to the caller; Realms issue 35',
    code: `const seen = [];
      function look() { try { seen.push(look.caller); } catch {} try { seen.push(arguments.callee.caller); } catch {} try { seen.push(look.arguments); } catch {} return 1; }
      look(); [1].map(look); setTimeout(look); queueMicrotask(look);
      new Proxy({}, { get: look }).x; String({ toString: look }); JSON.stringify({ toJSON: look });
      work.emit('x', { get a() { return look(); } }); console.log({ toString: look });
      addEventListener('x', look); dispatchEvent(new Event('x'));
      for (let at = attack.caller, n = 0; at && n < 20; n++) { seen.push(at); try { at = at.caller; } catch { break; } }
      for (const value of seen) { const got = escaped(value); if (got) return got; }`,
  },
  {
    name: 'import() of what only Node has, and of anything',
    from: "Node's vm, vm2 CVE-2019-10769: import('fs') without importModuleDynamically",
    code: `return (async () => { for (const name of ['fs', 'node:fs', 'node:child_process', 'file:///etc/passwd', 'data:text/javascript,export default 1', 'module', './x.js'])
      { try { const got = await import(name); if (got) return 'imported ' + name; } catch {} try { const got = await eval('import("' + name + '")'); if (got) return 'evaluated import of ' + name; } catch {} try { const got = await new Function('return import("' + name + '")')(); if (got) return name; } catch {} } })();`,
  },
  {
    name: 'import.meta, require, module and process by every way to run text',
    from: "Node's vm: eval, indirect eval, Function and timers with text",
    code: `const text = '[typeof process, typeof module, typeof __filename, typeof Buffer, typeof fetch, typeof Deno, typeof WorkerGlobalScope, typeof importScripts, typeof print, typeof d8, typeof gc].filter((t) => t !== "undefined").join()';
      for (const run of [eval, (0, eval), Function('t', 'return eval(t)'), Reflect.construct(Function, ['t', 'return (0, eval)(t)'])]) { const got = run(text); if (got) return got; }
      try { return eval('import.meta') && 'import.meta'; } catch {}
      try { setTimeout(text); return 'a timer took text'; } catch {}`,
  },
  {
    name: 'require of what did not come with the Job',
    from: "vm2 #100s: require('child_process') by path, prototype and coercion",
    code: `for (const name of ['fs', 'child_process', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '../x', '/etc/passwd', Object('fs'), ['fs'], { toString: () => 'fs' }])
      { let got; try { got = require(name); } catch { continue; } return 'required ' + String(name) + ': ' + typeof got; }
      return (require.cache || require.main || require.extensions) && 'something of Node';`,
  },
  {
    name: 'the global object, walked from end to end',
    from: 'SES: whitelist intrinsics; no endowment leads out of the compartment',
    control: true,
    code: `const seen = new Set(), todo = [[globalThis, 'globalThis'], [(function* () {})(), 'generator'], [(async function* () {})(), 'async generator'], [new Error(), 'error'], [[][Symbol.iterator](), 'iterator'], [/./[Symbol.matchAll](''), 'matchAll'], [new Map().entries(), 'map iterator']];
      while (todo.length) {
        const [object, path] = todo.pop();
        if ((typeof object !== 'object' && typeof object !== 'function') || object === null || seen.has(object)) continue;
        seen.add(object); if (seen.size > 20000) break;
        const got = escaped(object); if (got) return path + ': ' + got;
        let keys = []; try { keys = Reflect.ownKeys(object); } catch {}
        for (const key of keys) { let d; try { d = Object.getOwnPropertyDescriptor(object, key); } catch { continue; } const name = path + '.' + String(key);
          if (!d) continue; if ('value' in d) todo.push([d.value, name]); else { todo.push([d.get, name + ' get'], [d.set, name + ' set']); try { todo.push([object[key], name]); } catch (error) { todo.push([error, name + ' threw']); } } }
        todo.push([Reflect.getPrototypeOf(object), path + '.__proto__']);
      }
      if (seen.size < 500) return 'walked only ' + seen.size;`,
  },
  {
    name: 'native functions taken as text',
    from: 'Realms: Function.prototype.toString shows the source of the shim',
    control: true,
    code: `for (const f of [progress, work.emit, work.reject, setTimeout, console.log, require, reportError]) { const text = Function.prototype.toString.call(f); if (/\\/(home|work|tmp|usr)\\//.test(text)) return text; if (escaped(f)) return escaped(f); }`,
  },
  {
    name: "V8's natives syntax and shell functions",
    from: 'd8: %-functions, version(), quit()',
    code: `for (const text of ['%GetOptimizationStatus(attack)', '%DebugPrint(1)', 'quit()', 'version()', 'load("/etc/passwd")', 'readbuffer("/etc/passwd")']) { try { eval(text); return text; } catch {} }`,
  },
  {
    name: '__proto__, __defineGetter__ and __lookupGetter__ across what the host made',
    from: 'vm2 CVE-2021-23555: Object.prototype.__lookupGetter__ on proxies',
    control: true,
    code: `const values = [work, work.job, work.job.public, console, performance, navigator, progress];
      for (const value of values) { for (const key of ['__proto__', 'constructor']) { const g = {}.__lookupGetter__.call(value, key); const got = escaped(g && g.call(value)); if (got) return got; }
        try { value.__defineGetter__('x', function () { return escaped(this) }); if (value.x) return value.x; } catch {} try { value.__proto__.polluted = 1; } catch {} }`,
  },
  {
    name: 'a subclass whose constructor takes new.target and this apart',
    from: 'vm2 CVE-2021-23449: class extends host constructors',
    control: true,
    code: `for (const Base of [Event, CustomEvent, EventTarget, TextDecoder, TextEncoder, DOMException, Error, Promise, Proxy]) { try {
        const seen = []; class Mine extends Base { constructor(...args) { super(...args); seen.push(this, new.target); } }
        seen.push(new Mine('x', {})); seen.push(Reflect.construct(Base, ['x', {}], Object)); seen.push(Reflect.construct(Base, ['x', {}], new Proxy(Base, { get(t, k) { seen.push(t[k]); return t[k]; } })));
        for (const value of seen) { const got = escaped(value); if (got) return got; } } catch {} }`,
  },
  {
    name: 'Symbol.species, Symbol.hasInstance and Symbol.isConcatSpreadable hooks meet no host value',
    from: 'vm2 CVE-2019-10761, CVE-2023-37466: species of host arrays and Promises',
    code: `const seen = []; class Spy { constructor(...args) { seen.push(this, ...args); return new Array(); } static get [Symbol.species]() { return Spy; } static [Symbol.hasInstance](value) { seen.push(value); return true; } }
      Object.defineProperty(Array, Symbol.species, { get() { return Spy; }, configurable: true });
      Object.defineProperty(Array.prototype, 'constructor', { value: Spy, configurable: true, writable: true });
      Object.defineProperty(Object.getPrototypeOf(Uint8Array), Symbol.species, { get() { return class extends Uint8Array { constructor(...args) { super(...args); seen.push(this, ...args); } }; }, configurable: true });
      console.log([1, [2]], new Map([[1, 2]])); work.emit('x', [1, new Uint8Array(9000)]); try { console.table([[1, 2]]); } catch {}
      performance.mark('a'); performance.getEntries(); new TextEncoder().encode('abc');
      globalThis.spied = seen; for (const value of seen) { const got = escaped(value); if (got) return got; }`,
    later: `for (const value of [...globalThis.spied]) { const got = escaped(value); if (got) return got; }`,
    spoilsOwnJob: true,
  },
]);
