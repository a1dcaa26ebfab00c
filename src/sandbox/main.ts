/**
 * The prelude: what runs inside an isolate before the Work Function. Bundled into one script, whose last statement
 * calls `start(host)` (scripts/build.mjs). It is on the Job's side of the trust boundary: native code believes none of it.
 */
import { createJobEntries, rehearse, type JobEntries } from './assignment.js';
import { Clock } from './clock.js';
import { WITHHELD_GLOBALS } from './environment/groups.js';
import type { EnvironmentHost } from './environment/host.js';
import { createRealm } from './environment/realm.js';
import { explain, formatStack, ownStack } from './failure.js';
import { defineGlobal } from './globals.js';
import type { Entries, Host } from './host.js';
import { guardMemory } from './memory.js';
import { Messages } from './messages.js';
import { Reports } from './reports.js';
import { Requests } from './requests.js';
import { SliceScope } from './slice-scope.js';
import { Timers } from './timers.js';
import { awaitWaiters } from './waiters.js';

const { deleteProperty } = Reflect;

export function start(host: Host): Entries {
  const messages = new Messages(host);
  const scope = new SliceScope();
  const requests = new Requests(host, scope);
  const clock = new Clock(host);
  const reports = new Reports(messages, () => realm.group('events').globalEvents);
  const timers = new Timers(host, reports);
  // By the time a group is made, native code has added what groups need.
  const realm = createRealm(host as EnvironmentHost, {
    clock,
    messages,
    reports,
    requests,
    scope,
    timers,
    explain,
    ownStack,
  });

  for (const name of WITHHELD_GLOBALS) deleteProperty(globalThis, name);
  defineGlobal('self', globalThis);
  defineGlobal('setTimeout', timers.setTimeout);
  defineGlobal('setInterval', timers.setInterval);
  defineGlobal('setImmediate', timers.setImmediate);
  defineGlobal('clearTimeout', timers.clearTimeout);
  defineGlobal('clearInterval', timers.clearInterval);
  defineGlobal('clearImmediate', timers.clearImmediate);
  defineGlobal('queueMicrotask', timers.queueMicrotask);
  defineGlobal('reportError', function reportError(error: unknown): void {
    if (arguments.length === 0) throw new TypeError('reportError: 1 argument required, but only 0 present');
    reports.exception(error);
  });

  /** Made by `prepare`, which comes before anything of a Job. */
  let job: JobEntries;
  return {
    realm,
    prepare(codec, rehearsal) {
      // Here and not at the start, where a Sandbox that gets no Job would pay for it.
      guardMemory(host);
      awaitWaiters(timers);
      // The codec has met it by now. The Work Function does if its Job asks for it.
      const { SharedArrayBuffer } = globalThis;
      deleteProperty(globalThis, 'SharedArrayBuffer');
      job = createJobEntries(codec, host, realm, SharedArrayBuffer);
      if (rehearsal) rehearse(codec, job);
    },
    assign: (...assignment) => job.assign(...assignment),
    addBatch: (...columns) => {
      job.addBatch(...columns);
    },
    pump: () => {
      job.pump();
    },
    flush: () => {
      job.flush();
    },
    timers: () => {
      timers.runDue();
    },
    stuck: () => {
      job.stuck();
    },
    answer: (...answer) => {
      requests.answer(...answer);
    },
    rejections: () => {
      reports.rejections(host.takeRejections());
    },
    stack: formatStack,
  };
}
