/**
 * The prelude: what runs inside an isolate before the Work Function. Bundled into one script, whose last statement
 * calls `start(host)` (scripts/build.mjs): the event loop. All else is loaded by `prepare`: the codec and the Job's side of
 * it (environment/job-side.ts). It is on the Job's side of the trust boundary: native code believes none of it.
 */
import type { EnvironmentHost } from './environment/host.js';
import type { Realm } from './environment/realm.js';
import {
  codeOf,
  detailsOf,
  explain,
  explainAlone,
  formatStack,
  ownStack,
  setValueTexts,
  stackOf,
} from './failure.js';
import { defineGlobal } from './globals.js';
import type { Entries, Host } from './host.js';
import { setSourceMap } from './source-positions.js';
import { Timers } from './timers.js';

export function start(host: Host): Entries {
  const timers = new Timers(host, (thrown) => {
    realm.reports.exception(thrown);
  });
  // The group `job-side` completes it. By the time any group is made, native code has added what groups need.
  const realm = {
    timers,
    explain,
    ownStack,
    failures: { codeOf, detailsOf, explain, explainAlone, stackOf, setSourceMap },
    group: (name) => (host as EnvironmentHost).group(name) as never,
  } as Partial<Realm> as Realm;

  setValueTexts(() => realm.group('console'));

  defineGlobal('self', globalThis);
  defineGlobal('setTimeout', timers.setTimeout);
  defineGlobal('setInterval', timers.setInterval);
  defineGlobal('setImmediate', timers.setImmediate);
  defineGlobal('clearTimeout', timers.clearTimeout);
  defineGlobal('clearInterval', timers.clearInterval);
  defineGlobal('clearImmediate', timers.clearImmediate);
  defineGlobal('queueMicrotask', timers.queueMicrotask);

  return {
    realm,
    prepare: (codec, rehearsal) => realm.group('job-side').prepare(codec, rehearsal),
    timers: () => {
      timers.runDue();
    },
    answer: (request, text, segments) => {
      realm.requests.answer(request, text, segments);
    },
    rejections: () => {
      realm.reports.rejections(host.takeRejections());
    },
    stack: formatStack,
  };
}
