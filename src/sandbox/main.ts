/**
 * The prelude: what runs inside an isolate before the Work Function. Bundled into one script, whose last statement
 * calls `start(host)` (scripts/build.mjs). It is on the Job's side of the trust boundary: native code believes none of it.
 */
import { decode, encode, setBufferPrimitives, setTextPrimitives } from '../codec/index.js';
import { Clock } from './clock.js';
import { fixDate, seedRandom } from './determinism.js';
import { WITHHELD_GLOBALS } from './environment/groups.js';
import type { EnvironmentHost } from './environment/host.js';
import { createRealm } from './environment/realm.js';
import type { Entries, Host } from './host.js';
import type { JobDescription } from './job-description.js';
import { clip, explain, ownStack } from './failure.js';
import { Messages } from './messages.js';
import { Reports } from './reports.js';
import { SliceScope } from './slice-scope.js';
import { createRequire } from './modules.js';
import { SliceLoop } from './slice-loop.js';
import { setSourceMap } from './source-positions.js';
import { Timers } from './timers.js';
import { createWorkApi } from './work.js';

const { parse } = JSON;
const { defineProperty } = Object;
const { deleteProperty } = Reflect;

export function start(host: Host): Entries {
  setTextPrimitives({
    decode: (bytes, from, to) => host.utf8Read(bytes, from, to),
    encodeInto: (text, bytes, at) => host.utf8Write(text, bytes, at),
  });
  setBufferPrimitives({ isDetachable: (buffer) => host.isDetachable(buffer) });
  const messages = new Messages(host);
  const scope = new SliceScope();
  const clock = new Clock(host);
  const reports = new Reports(messages, () => realm.group('events').globalEvents);
  const timers = new Timers(host, reports);
  const loop = new SliceLoop(host, messages, timers, reports, scope);

  // By the time a group is made, native code has added what groups need.
  const realm = createRealm(host as EnvironmentHost, {
    clock,
    messages,
    reports,
    scope,
    timers,
    explain,
    ownStack,
    copy,
  });

  /** Like the globals of the web: writable, configurable, not enumerable. */
  const define = (name: string, value: unknown): void => {
    defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  };
  for (const name of WITHHELD_GLOBALS) deleteProperty(globalThis, name);
  define('self', globalThis);
  // Until the Job is known, and asks for it.
  const { SharedArrayBuffer } = globalThis;
  deleteProperty(globalThis, 'SharedArrayBuffer');
  define('setTimeout', timers.setTimeout);
  define('setInterval', timers.setInterval);
  define('setImmediate', timers.setImmediate);
  define('clearTimeout', timers.clearTimeout);
  define('clearInterval', timers.clearInterval);
  define('clearImmediate', timers.clearImmediate);
  define('queueMicrotask', timers.queueMicrotask);
  define('reportError', function reportError(error: unknown): void {
    if (arguments.length === 0) throw new TypeError('reportError: 1 argument required, but only 0 present');
    reports.exception(error);
  });

  return {
    realm,
    assign(description, source, argumentsHead, argumentsSegments) {
      try {
        const job = parse(description) as JobDescription;
        if (job.sharedArrayBuffer) define('SharedArrayBuffer', SharedArrayBuffer);
        if (job.fineClock) clock.refine();
        const { date = null, randomSeed = null } = job.determinism ?? {};
        if (date !== null) {
          fixDate(date);
          clock.fixOrigin(date);
        }
        if (randomSeed !== null) seedRandom(randomSeed, messages, scope);
        const { progress, work } = createWorkApi(host, messages, loop, job);
        define('progress', progress);
        define('work', work);
        const segments = argumentsSegments.map((segment) => new Uint8Array(segment));
        const args = decode({ head: new Uint8Array(argumentsHead), segments }) as unknown[];
        setSourceMap(() => host.sourceMap());
        define('require', createRequire(host));
        const workFunction = host.compile(source, 'work-function.js');
        if (typeof workFunction !== 'function') {
          return `the Work Function's source is not a function but ${typeof workFunction}`;
        }
        loop.assign(job, workFunction as (...args: unknown[]) => unknown, args, argumentsSegments);
        return undefined;
      } catch (thrown) {
        return clip(explain(thrown));
      }
    },
    addBatch: (...columns) => {
      loop.addBatch(...columns);
    },
    pump: () => {
      loop.pump();
    },
    flush: () => {
      loop.flush();
    },
    timers: () => {
      timers.runDue();
    },
    stuck: () => {
      loop.failStuck();
    },
    rejections: () => {
      reports.rejections(host.takeRejections());
    },
  };
}

function copy(value: unknown): unknown {
  const { head, segments } = encode(value);
  return decode({ head, segments: segments.map((segment) => segment.slice()) });
}
