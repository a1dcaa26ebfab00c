/**
 * The worst case: a Work Function that has what native code gives the prelude, here by a prelude that hands it over. Native
 * code believes nothing of what it says. In-process, where a fault would take the host with it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sandboxScripts } from '#src/evaluator/scripts.js';
import { Control } from '#src/sandbox/host.js';
import { openHost } from '../evaluator/support.js';
import { attacks, run, type Attack } from './support.js';

// Before any Sandbox is made: all of this process get it.
(sandboxScripts() as { prelude: string }).prelude =
  `Object.defineProperty(globalThis, 'host', { value: host, writable: true });\n${sandboxScripts().prelude}`;

/** All that are shared with native code. */
const CONTROL_WORDS = Object.keys(Control).length;

const from = 'DESIGN: native code believes nothing the prelude says';

const forged = (name: string, code: string, more: Partial<Attack> = {}): Attack => ({
  name,
  from,
  code: `const control = host.control, one = (number) => [1, Uint32Array.of(number), Uint8Array.of(0), Float64Array.of(0), Float64Array.of(0), Uint8Array.of(1), 1, Uint32Array.of(1), [], Uint32Array.of(0)];
    const report = (text) => { host.post(1, 1, 0, text); return text; };
    const rejected = (call) => { try { call(); } catch { return true; } return false; };
    ${code}`,
  spoilsOwnJob: true,
  ...more,
});

attacks([
  forged(
    'results of Slices that are not running, that were never handed over, or twice',
    `for (const number of [0, 2, 3, 4, 99, 4294967295]) if (!rejected(() => host.deliver(...one(number)))) return report('reached the delivery of Slice ' + number);
     host.deliver(...one(1)); if (!rejected(() => host.deliver(...one(1)))) return report('reached a second delivery'); throw 1;`,
  ),
  forged(
    'columns that are too short, of other types, detached, shared or nothing',
    `const junk = [undefined, null, 0, -1, 1.5, NaN, Infinity, 'x', {}, [], () => 1, new Uint8Array(0), new Uint8Array(3), new DataView(new ArrayBuffer(2)), new Float64Array(1), new Proxy([], {}), new Proxy(new Uint8Array(9), {}), new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 })), Object.create(Uint32Array.prototype), new BigUint64Array(2), Symbol('x'), 2 ** 32, 10n];
     for (let at = 0; at < 10; at++) for (const value of junk) { const args = one(2); args[at] = value; try { host.deliver(...args); } catch {} }
     for (const f of Object.values(host)) if (typeof f === 'function') for (const a of junk) for (const b of [junk[0], 5, 'x', new Uint8Array(4)]) { if (f === host.drained || f === host.reject) continue; try { f(a, b, b, a, b, a); } catch {} try { f.call(a, b); } catch {} try { new f(a); } catch {} }`,
  ),
  forged(
    'ends that fall, overlap, or point beyond',
    `for (const ends of [[2], [4294967295], [0xfffffff0]]) { const args = one(1); args[7] = Uint32Array.from(ends); if (!rejected(() => host.deliver(...args))) return report('reached heads beyond'); }
     for (const ends of [[1], [4294967295]]) { const args = one(1); args[9] = Uint32Array.from(ends); if (!rejected(() => host.deliver(...args))) return report('reached segments beyond'); }
     const args = [2, Uint32Array.of(1, 2), new Uint8Array(2), new Float64Array(2), new Float64Array(2), Uint8Array.of(1, 1), 2, Uint32Array.of(2, 1), [], Uint32Array.of(0, 0)]; if (!rejected(() => host.deliver(...args))) return report('reached ends that fall');
     args[7] = Uint32Array.of(1, 2); args[6] = 4294967295; if (!rejected(() => host.deliver(...args))) return report('reached more heads than there are');`,
  ),
  forged(
    'segments that are getters, re-enter the delivery, repeat, or never end',
    `const big = () => new Uint8Array(8192); let args = one(1); args[9] = Uint32Array.of(3);
     args[8] = [big(), null, big()]; Object.defineProperty(args[8], 1, { get() { try { host.deliver(...one(1)); } catch {} return big(); } }); try { host.deliver(...args); } catch {}
     const same = big(); args = one(2); args[8] = [same, same, same]; args[9] = Uint32Array.of(3); try { host.deliver(...args); } catch {}
     args = one(3); args[8] = []; args[8].length = 4294967295; try { host.deliver(...args); } catch {}
     const endless = [big()]; Object.defineProperty(endless, 0, { get() { endless.push(big()); return big(); } }); for (let i = 1; i < 100; i++) Object.defineProperty(endless, i, { get: () => { endless.length += 1; return new Uint8Array(1); } });
     args[8] = endless; try { host.deliver(...args); } catch {}`,
  ),
  forged(
    'more segments than there can be: native memory beside the account',
    `const one1 = new Uint8Array(8); const args = one(1); args[8] = new Array(3e6).fill(one1); args[9] = Uint32Array.of(3e6); if (!rejected(() => host.deliver(...args))) return report('reached ' + args[8].length + ' segments');`,
  ),
  forged(
    "the control words as a segment: the host's view would be on native memory that goes away",
    `const view = new Uint8Array(control.buffer); const args = one(1); args[8] = [view]; args[9] = Uint32Array.of(1); try { host.deliver(...args); } catch {} try { host.post(1, 1, 0, 'x', Uint8Array.of(0), [view]); } catch {}
     if (control.length !== ${CONTROL_WORDS} || control.buffer.byteLength !== ${8 * CONTROL_WORDS}) return report('reached the control words: they were detached');`,
  ),
  forged(
    'the control words detached, transferred and emitted',
    `for (const f of [() => control.buffer.transfer(), () => control.buffer.transfer(1 << 20), () => control.buffer.transferToFixedLength(8), () => structuredClone(control, { transfer: [control.buffer] }), () => work.emit('x', control), () => new WebAssembly.Memory({ initial: 1 }).buffer]) { try { f(); } catch {} }
     if (control.length !== ${CONTROL_WORDS}) return report('reached the control words: they were detached');`,
  ),
  forged(
    'control words that are no numbers, and numbers that are none of ours',
    `for (const value of [NaN, -1, Infinity, -Infinity, 1e308, 2 ** 53, 4294967296.5, -0, 1e-320]) for (let at = 0; at < control.length; at++) { const was = control[at]; control[at] = value; try { host.now(); host.takeRejections(); host.drained(); } catch {} control[at] = was; }
     for (let at = 1; at < control.length; at++) control[at] = NaN; control[0] = NaN;`,
  ),
  forged(
    'a start that is never over: the Slice outlives its limit',
    `control[2] = Infinity; control[3] = Infinity; for (;;);`,
    { limits: { sliceTimeoutMs: 500, progressTimeoutMs: 500 } },
  ),
  forged(
    'a start that is no number, and no Slice to blame',
    `control[1] = NaN; control[2] = NaN; control[3] = NaN; for (;;);`,
    { limits: { sliceTimeoutMs: 500, progressTimeoutMs: 500 } },
  ),
  forged(
    'the limit put off again and again',
    `for (;;) { control[2] = host.now(); control[3] = host.now(); }`,
    { limits: { sliceTimeoutMs: 500, progressTimeoutMs: 500 } },
  ),
  forged('another Slice blamed for a limit', `control[1] = 3; for (;;);`, {
    limits: { sliceTimeoutMs: 500, progressTimeoutMs: 500 },
  }),
  forged(
    'messages without end, beside every budget',
    `const text = 'x'.repeat(1 << 20); for (let i = 0; i < 2000; i++) host.post(1, 1, 0, text); return report('reached 2 GB of messages');`,
  ),
  forged(
    'one message of all the memory there is',
    `const bytes = new Uint8Array(40 << 20); for (let i = 0; i < 200; i++) host.post(2, 1, 0, 'x', bytes, []); return report('reached 8 GB of messages');`,
  ),
  forged(
    'messages of unknown kinds, levels and Slices',
    `for (const kind of [-1, 4, 99, 2147483647]) for (const slice of [NaN, -1, 1.5, Infinity, 4294967296]) { try { host.post(kind, slice, NaN, 'x'); } catch {} } for (const level of [-1, 99, NaN, Infinity, 0.5]) host.post(1, 1, level, 'x'); for (const slice of [NaN, -1, 1.5, Infinity, 2 ** 40]) { host.post(1, slice, 0, 'x'); host.post(2, slice, 0, 'x', Uint8Array.of(0xc1), []); host.post(4, slice, NaN, ''); try { host.post(3, slice, NaN, ''); } catch {}; }`,
  ),
  forged(
    'rejections of Slices that do not run, twice, and with any number of retries',
    `for (const slice of [0, 2, 99, 4294967295, -1, NaN]) if (!rejected(() => host.reject(3, slice, 0, 'x'))) return report('reached the rejection of ' + slice); host.reject(3, 1, Infinity, 'x'.repeat(1 << 20)); if (!rejected(() => host.reject(3, 1, NaN, 'x'))) return report('reached a second rejection'); throw 1;`,
  ),
  forged(
    'drained while Slices are owed',
    `for (let i = 0; i < 100; i++) host.drained(); control[0] = 0; control[1] = 0;`,
  ),
  forged(
    'promise jobs run from promise jobs, and the microtask queue from everywhere',
    `let n = 0; const again = () => { if (n++ < 1000) { Promise.resolve().then(again); host.runMicrotasks(); } }; again(); const deep = () => { host.runMicrotasks(); deep(); }; try { deep(); } catch {} for (let i = 0; i < 100; i++) { Promise.reject(i); host.takeRejections(); }`,
  ),
  forged(
    'ranges of text, assets and maps that are not there',
    `const bytes = new Uint8Array(16); for (const range of [[0, 17], [16, 15], [4294967295, 4294967295], [0, 4294967295], [-1, 5], [0.5, 2], [NaN, 1]]) if (!rejected(() => host.utf8Read(bytes, ...range))) return report('reached bytes ' + range); for (const at of [17, 4294967295, -1, NaN]) if (!rejected(() => host.utf8Write('text', bytes, at))) return report('reached a write at ' + at);
     for (const index of [-1, 0, 1, 99, NaN, 4294967295, 'x', {}]) { try { host.assetLength(index); } catch {} try { host.readAsset(index, bytes); } catch {} try { host.readAsset(index, new Uint8Array(0)); } catch {} } try { host.sourceMap(); } catch {} try { host.modules(); } catch {}
     for (const name of ['', '__proto__', 'events', 'nothing', 'console', 'x'.repeat(1e6), Symbol('x'), null]) { try { host.group(name); } catch {} }
     for (const text of ['', ')', '(', 'x'.repeat(1e6), '\\u0000', '})(', 'import("fs")', 'await 1', 'yield']) { try { host.compile(text, text); } catch {} }`,
  ),
  forged(
    'text decoded into state that is too short, and written to what is no array',
    `new TextDecoder(); new TextEncoder(); const lies = [new Uint8Array(0), new Uint8Array(4), new Uint32Array(0), new Uint32Array(1), null, {}, new Uint8Array(new ArrayBuffer(8, { maxByteLength: 9 }))];
     for (const encoding of [-1, 0, 1, 2, 3, 99, NaN, 4294967295]) for (const state of lies) for (const flags of [0, 1, 7, 99, -1]) { try { host.decodeText(encoding, new Uint8Array([0xe2, 0x82, 0xff]), state, flags); } catch {} }
     const state = new Uint8Array(5).fill(255); for (let i = 0; i < 256; i++) { state.fill(i); for (const e of [0, 1, 2, 3]) try { host.decodeText(e, new Uint8Array([0x80, 0xd8, 0xdc]), state, i & 7); } catch {} } for (const counts of lies) { try { host.utf8WriteInto('text', new Uint8Array(3), counts); } catch {} }`,
  ),
  forged(
    'a digest whose data and target go away while it is made',
    `const gone = (buffer) => { const channel = new MessageChannel(); channel.port1.postMessage(0, [buffer]); };
     for (const algorithm of [0, 1, 2, 3, 4, 5]) for (const size of [20, 32, 48, 64]) {
       const data = new Uint8Array(9 << 20), target = new ArrayBuffer(size), other = new ArrayBuffer(size, { maxByteLength: 64 }), resizable = new Uint8Array(new ArrayBuffer(9 << 20, { maxByteLength: 9 << 20 }));
       try { host.digest(algorithm, data, new ArrayBuffer(size), () => { if (data.length) gone(data.buffer); }); } catch {}
       try { host.digest(algorithm, new Uint8Array(9 << 20), target, () => { if (target.byteLength) gone(target); }); } catch {}
       try { host.digest(algorithm, resizable, new ArrayBuffer(size), () => { resizable.buffer.resize(0); }); } catch {}
       try { host.digest(algorithm, new Uint8Array(9 << 20), other, () => { other.resize(0); }); } catch {}
     }`,
  ),
  forged(
    'no Slice that runs, and a promise that never settles',
    `setInterval(() => { control[1] = 0; }, 5); control[4] = -1; return new Promise(() => {});`,
    { limits: { sliceTimeoutMs: 500, progressTimeoutMs: 500 } },
  ),
  forged(
    'every host function at the end of the stack',
    `for (const [name, f] of Object.entries(host)) { if (typeof f !== 'function' || name === 'drained' || name === 'reject') continue; const dive = () => { try { f(new Uint8Array(4), 0, 4, 'x'); } catch {} dive(); }; try { dive(); } catch {} }`,
  ),
  forged(
    'delivery after the last Slice was drained',
    `setTimeout(() => {}, 0); globalThis.deliverLate = () => { try { host.deliver(...one(1)); host.deliver(...one(4)); return report('reached'); } catch {} };`,
    {
      later: `if (datum === 23) { Promise.resolve().then(globalThis.deliverLate).then(globalThis.deliverLate); }`,
    },
  ),
  forged(
    'a results flood of Slices that are owed, while the host is full',
    `const args = one(1); args[8] = [new Uint8Array(30 << 20)]; args[9] = Uint32Array.of(1); host.deliver(...args); for (let i = 2; i < 5; i++) { const more = one(i); more[8] = [new Uint8Array(20 << 20)]; more[9] = Uint32Array.of(1); try { host.deliver(...more); } catch {} }`,
  ),
]);

test('what is forged as it should be is taken: these attacks do reach native code', async () => {
  const evaluator = await openHost(1);
  try {
    const witness = await run(evaluator, forged('the Slice that runs', 'host.deliver(...one(1)); return 2;'));
    assert.equal(witness.answerOf(1), 1);
  } finally {
    await evaluator.close();
  }
});
