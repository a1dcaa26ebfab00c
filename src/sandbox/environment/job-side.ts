/**
 * The Job's side of the prelude, as a script of its own: most of what a Sandbox runs before its Work Function, and not
 * needed to make one. Made while the Sandbox waits for a Job, at the latest when the Job comes, before any code of it.
 */
import { createJobEntries, rehearse } from '../assignment.js';
import { Clock } from '../clock.js';
import { defineGlobal } from '../globals.js';
import type { Host } from '../host.js';
import type { JobSide } from '../job-side.js';
import { guardMemory } from '../memory.js';
import { Messages } from '../messages.js';
import { Reports } from '../reports.js';
import { Requests } from '../requests.js';
import { SliceScope } from '../slice-scope.js';
import { awaitWaiters } from '../waiters.js';
import { WITHHELD_GLOBALS } from './groups.js';
import { primordials } from './primordials.js';
import type { Realm } from './realm.js';

const { deleteProperty } = Reflect;
const { assign } = Object;

export default function makeJobSide(host: Host, realm: Realm): JobSide {
  return {
    prepare(codec, rehearsal) {
      const messages = new Messages(host);
      const scope = new SliceScope();
      const reports = new Reports(
        host.control,
        messages,
        () => realm.group('events').globalEvents,
        realm.explain,
      );
      const parts = {
        primordials,
        webgpu: false,
        clock: new Clock(host),
        messages,
        reports,
        requests: new Requests(host, scope),
        scope,
      } satisfies Partial<Realm>;
      assign(realm, parts);
      defineGlobal('reportError', function reportError(error: unknown): void {
        if (arguments.length === 0)
          throw new TypeError('reportError: 1 argument required, but only 0 present');
        reports.exception(error);
      });
      for (const name of WITHHELD_GLOBALS) deleteProperty(globalThis, name);
      guardMemory(host);
      awaitWaiters(realm.timers);
      // The codec has met it by now. The Work Function does if its Job asks for it.
      const { SharedArrayBuffer } = globalThis;
      deleteProperty(globalThis, 'SharedArrayBuffer');
      const entries = createJobEntries(codec, host, realm, SharedArrayBuffer);
      if (rehearsal) rehearse(codec, entries);
      return entries;
    },
  };
}
