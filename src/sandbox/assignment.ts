import type { InputSet } from '../model/index.js';
import { clip } from './clip.js';
import type { CodecExports } from './codec-exports.js';
import type { Host, JobEntries } from './host.js';
import type { JobDescription } from './job-description.js';
import { fixDate, seedRandom, type Aside } from './determinism.js';
import { GLOBALS_ON_DEMAND } from './environment/groups.js';
import { defineGlobal } from './globals.js';
import type { Realm } from './environment/realm.js';
import { ModuleTable } from './modules.js';
import { SliceLoop } from './slice-loop.js';
import { createWorkApi } from './work.js';

const { parse } = JSON;
const LIST: InputSet = { kind: 'list', count: null };

/**
 * The Job's side of the prelude, without a Job yet. All that can be made without one is made here: an assignment shall take
 * as little time as it can.
 * @param sharedArrayBuffer the global that only a Job which asks for it gets
 */
export function createJobEntries(
  codec: CodecExports,
  host: Host,
  realm: Realm,
  sharedArrayBuffer: unknown,
): JobEntries {
  const { clock, explain, failures, messages, reports, scope, timers } = realm;
  const loop = new SliceLoop(codec, host, messages, timers, reports, scope, failures);
  let aside: Aside = (load) => load();
  const modules = new ModuleTable(
    host,
    (buffer) => {
      loop.keep(buffer);
    },
    (load) => aside(load),
  );
  let described = '';
  let job: JobDescription | null = null;
  const jobOf = (): JobDescription => (job ??= parse(described) as JobDescription);

  const { progress, work } = createWorkApi(codec, host, messages, loop, reports, () => jobOf().public);
  defineGlobal('progress', progress);
  defineGlobal('work', work);
  defineGlobal('require', modules.require);

  const meet = ({
    sharedArrayBuffer: shared,
    fetch,
    webgpu,
    fineClock,
    determinism,
  }: JobDescription): void => {
    if (shared) defineGlobal('SharedArrayBuffer', sharedArrayBuffer);
    if (fetch) host.defineGlobals('fetch', GLOBALS_ON_DEMAND.fetch);
    if (webgpu) {
      realm.webgpu = true;
      host.defineGlobals('webgpu', GLOBALS_ON_DEMAND.webgpu);
    }
    if (fineClock) clock.refine();
    const { date = null, randomSeed = null } = determinism ?? {};
    if (date !== null) {
      fixDate(date);
      clock.fixOrigin(date);
    }
    if (randomSeed !== null) aside = seedRandom(randomSeed, messages, scope);
    failures.setSourceMap(() => realm.group('source-map').readSourceMap(host.sourceMap()));
    modules.load();
  };

  return {
    assign(description, plain, source, argumentsHead, argumentsSegments) {
      try {
        described = description;
        job = null;
        let inputSet = LIST;
        let webgpu = false;
        if (!plain) {
          ({ inputSet, webgpu } = jobOf());
          meet(jobOf());
        }
        let args: unknown[] = [];
        if (argumentsHead !== null) {
          const segments = argumentsSegments.map((segment) => new Uint8Array(segment));
          args = codec.decode({ head: new Uint8Array(argumentsHead), segments }) as unknown[];
        }
        const workFunction = host.compile(source, 'work-function.js');
        if (typeof workFunction !== 'function') {
          return `the Work Function's source is not a function but ${typeof workFunction}`;
        }
        loop.assign(
          inputSet,
          webgpu,
          workFunction as (...args: unknown[]) => unknown,
          args,
          argumentsSegments,
        );
        return undefined;
      } catch (thrown) {
        return clip(explain(thrown));
      }
    },
    addBatch: (numbers, heads, headEnds, segments, segmentEnds) => {
      loop.addBatch(numbers, heads, headEnds, segments, segmentEnds);
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
    uncaught: (thrown) => {
      reports.exception(thrown);
    },
  };
}

/** Jobs that nobody sees: what they run is compiled, and in the code cache, when a real one comes. */
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
  };
  const text = JSON.stringify(description);
  codec.decode(codec.encode({ rehearsal: [true, 0.5, 'é'] }));
  const { head } = codec.encode([]);
  const failure =
    assign(text, false, '() => undefined', head.slice().buffer, []) ??
    assign(text, true, '() => undefined', null, []);
  if (failure !== undefined) throw new Error(`the rehearsal failed: ${failure}`);
}
