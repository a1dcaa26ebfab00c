import type { CodecExports } from './codec-exports.js';
import type { Entries, Host } from './host.js';
import type { JobDescription } from './job-description.js';
import { fixDate, seedRandom } from './determinism.js';
import { GLOBALS_ON_DEMAND } from './environment/groups.js';
import { clip, explain } from './failure.js';
import { defineGlobal } from './globals.js';
import type { Realm } from './environment/realm.js';
import { createRequire } from './modules.js';
import { SliceLoop } from './slice-loop.js';
import { setSourceMap } from './source-positions.js';
import { createWorkApi } from './work.js';

const { parse } = JSON;

/** What native code calls once there is a Job. */
export type JobEntries = Pick<Entries, 'assign' | 'addBatch' | 'pump' | 'flush' | 'stuck'>;

/**
 * The Job's side of the prelude, without a Job yet.
 * @param sharedArrayBuffer the global that only a Job which asks for it gets
 */
export function createJobEntries(
  codec: CodecExports,
  host: Host,
  realm: Realm,
  sharedArrayBuffer: unknown,
): JobEntries {
  const { clock, messages, reports, scope, timers } = realm;
  const loop = new SliceLoop(codec, host, messages, timers, reports, scope);
  return {
    assign(description, source, argumentsHead, argumentsSegments) {
      try {
        const job = parse(description) as JobDescription;
        if (job.sharedArrayBuffer) defineGlobal('SharedArrayBuffer', sharedArrayBuffer);
        if (job.fetch) host.defineGlobals('fetch', GLOBALS_ON_DEMAND.fetch);
        if (job.webgpu) {
          realm.webgpu = true;
          host.defineGlobals('webgpu', GLOBALS_ON_DEMAND.webgpu);
        }
        if (job.fineClock) clock.refine();
        const { date = null, randomSeed = null } = job.determinism ?? {};
        if (date !== null) {
          fixDate(date);
          clock.fixOrigin(date);
        }
        if (randomSeed !== null) seedRandom(randomSeed, messages, scope);
        const { progress, work } = createWorkApi(codec, host, messages, loop, job);
        defineGlobal('progress', progress);
        defineGlobal('work', work);
        const segments = argumentsSegments.map((segment) => new Uint8Array(segment));
        const args = codec.decode({ head: new Uint8Array(argumentsHead), segments }) as unknown[];
        setSourceMap(() => realm.group('source-map').readSourceMap(host.sourceMap()));
        defineGlobal('require', createRequire(host));
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
    stuck: () => {
      loop.failStuck();
    },
  };
}

/** A Job that nobody sees: what it runs is compiled, and in the code cache, when a real one comes. */
export function rehearse(codec: CodecExports, { assign }: JobEntries): void {
  // As the real one will be, key by key in its order: V8 then knows the shape.
  const description: JobDescription = {
    id: '',
    public: { name: '', description: '', link: '' },
    inputSet: { kind: 'list', count: 0 },
    sharedArrayBuffer: false,
    fineClock: false,
    determinism: null,
    fetch: false,
    webgpu: false,
    resultBytes: 2 ** 20,
  };
  const { head } = codec.encode([]);
  const failure = assign(JSON.stringify(description), '() => undefined', head.slice().buffer, []);
  if (failure !== undefined) throw new Error(`the rehearsal failed: ${failure}`);
}
