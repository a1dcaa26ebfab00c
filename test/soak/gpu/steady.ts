/** 16 Sandboxes on 4 threads of one process, undisturbed: memory must stay where it is, and so must the number of Dawn's objects. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { WEBGPU } from '../../gpu/support.js';
import { median, residentMiB, slices, start } from '../../evaluator/support.js';
import { WORK, expectedOf } from './work.js';

const SANDBOXES = 16;
const THREADS = 4;
const BATCH = 4;
const SAMPLE_MS = 500;
/**
 * Grown by more than this between the third fifth and the last, MiB, is a leak. Sandboxes keep up to eight devices until garbage is
 * collected, and on a busy machine they have not made many more by then.
 */
const MAX_GROWTH_MIB = 100;
/** Of Dawn in one Sandbox at a time: what eight devices may still have when garbage is due. */
const MAX_OBJECTS = 8 * 4;

/** Devices that are left to garbage collection are not among them: how many there are at a time is chance. */
function datumOf(lane: number, slice: number): number {
  const datum = lane * 1000 + slice;
  return datum % 8 === 1 ? datum + 1 : datum;
}

export async function steady(seconds: number, fault: (what: string) => void): Promise<object> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const evaluator = await openInProcessEvaluator({ threads: THREADS, gpu: { allowSoftware: true } });
  const end = performance.now() + seconds * 1000;
  let ran = 0;

  const loop = async (lane: number): Promise<void> => {
    const { sandbox, seen } = await start(evaluator, WORK, { job: WEBGPU });
    for (let first = 1; performance.now() < end; first += BATCH) {
      sandbox.run(
        slices(
          Array.from({ length: BATCH }, (_, i) => datumOf(lane, first + i)),
          first,
        ),
      );
      await seen.until(() => seen.order.length === BATCH || seen.end !== null);
      if (seen.end !== null) return fault(`steady: a Sandbox ended: ${String(seen.end.error)}`);
      for (const [slice, error] of seen.failures) fault(`steady: Slice ${slice} failed: ${String(error)}`);
      for (const [slice, value] of seen.values)
        if (value !== expectedOf(datumOf(lane, slice))) fault(`steady: Slice ${slice} is ${String(value)}`);
      ran += seen.values.size;
      for (const each of [seen.values, seen.failures]) each.clear();
      for (const each of [seen.order, seen.batches]) each.length = 0;
    }
    sandbox.dispose();
    await seen.until(() => seen.end !== null);
  };

  const samples: number[] = [];
  const objects: number[] = [];
  const sampler = setInterval(() => {
    collectGarbage();
    samples.push(residentMiB());
    const { devices, buffers, textures, pipelines } = evaluator.stats().gpu;
    objects.push(devices + buffers + textures + pipelines);
  }, SAMPLE_MS);
  await Promise.all(Array.from({ length: SANDBOXES }, (_, lane) => loop(lane)));
  clearInterval(sampler);
  const { sandboxes, gpu, disowned } = evaluator.stats();
  if (sandboxes + gpu.busy + disowned > 0)
    fault(`steady: ${sandboxes} Sandboxes, ${gpu.busy} busy GPUs, ${disowned} disowned in the end`);
  await evaluator.close();

  const memory = thirdAndLastFifth(samples);
  const growth = memory.late - memory.early;
  if (growth > MAX_GROWTH_MIB) fault(`steady: resident memory grew by ${growth} MiB`);
  const most = Math.max(...objects);
  if (most > SANDBOXES * MAX_OBJECTS) fault(`steady: ${most} objects of Dawn at a time`);
  return { slices: ran, residentMiB: memory, objects: { ...thirdAndLastFifth(objects), most } };
}

/** Medians. */
function thirdAndLastFifth(samples: readonly number[]): { early: number; late: number } {
  const fifth = Math.max(1, Math.floor(samples.length / 5));
  return {
    early: Math.round(median(samples.slice(2 * fifth, 3 * fifth))),
    late: Math.round(median(samples.slice(-fifth))),
  };
}
