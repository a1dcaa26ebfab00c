/**
 * `submit → lease → result → acknowledged after fsync`, small Slices, on the durable embedded Scheduler.
 *
 * One client process part submits batches, one Worker part leases and answers them, both on one Scheduler object, as
 * `compute.for(...).exec()` beside a Worker does. Every promise counted here resolved after its data were synced. The rival in
 * the same run stores the same bytes with lmdb as its documentation suggests: one record per Slice and step, `put`, then
 * `await flushed` per batch; it keeps no leases, no log and no index, and checks nothing.
 *
 *     node dist-bench/scheduler.js [--json FILE] [--slices 40000] [--runs 5] [--directory DIR]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { open } from 'lmdb';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import {
  DEFAULT_JOB_LIMITS,
  makeSliceBatch,
  packColumns,
  zeroMetrics,
  subBatch,
  type JobSpec,
  type ResultBatch,
} from '#src/model/index.js';
import { spread } from './harness/measure.js';
import { Report, digits } from './harness/report.js';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string' },
    slices: { type: 'string', default: '40000' },
    runs: { type: 'string', default: '5' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const slices = Number(flags.slices);
const runs = Number(flags.runs);
/** Bytes of one datum and one result: a small object in msgpack. */
const PAYLOAD_BYTES = 32;

interface Run {
  seconds: number;
  cpuSeconds: number;
  syncs: number;
}

/** Wall and CPU time of `work`, which answers how many transactions it took. */
async function measure(work: () => Promise<number>): Promise<Run> {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const syncs = await work();
  const seconds = (performance.now() - begin) / 1000;
  const used = process.cpuUsage(cpu);
  return { seconds, cpuSeconds: (used.user + used.system) / 1e6, syncs };
}

const payloads = Array.from({ length: slices }, (_, i) => ({
  head: new Uint8Array(PAYLOAD_BYTES).fill(i),
  segments: [],
}));
const all = makeSliceBatch(
  payloads.map((_, i) => i + 1),
  payloads,
);

const spec: JobSpec = {
  public: { name: 'bench', description: '', link: '' },
  workFunction: '(x) => x',
  modules: null,
  arguments: { head: new Uint8Array(1), segments: [] },
  codec: 'native',
  inputSet: { kind: 'list', count: null },
  requirements: {},
  computeGroups: [],
  limits: DEFAULT_JOB_LIMITS,
};

function answer(numbers: Uint32Array): ResultBatch {
  const n = numbers.length;
  return {
    numbers,
    outcomes: new Uint8Array(n),
    ...zeroMetrics(n),
    elapsedMs: new Float64Array(n).fill(0.1),
    cpuMs: new Float64Array(n).fill(0.1),
    ...packColumns(payloads.slice(0, n)),
  };
}

async function ours(directory: string, batch: number): Promise<Run> {
  const scheduler = await openEmbeddedScheduler(directory);
  const run = await measure(async () => {
    const before = transactions(directory);
    const jobId = await scheduler.createJob(spec);
    const client = (async () => {
      for (let at = 0; at < slices; at += batch)
        await scheduler.addSlices(jobId, subBatch(all, at, Math.min(slices, at + batch)));
      await scheduler.sealJob(jobId);
    })();
    const worker = (async () => {
      const never = new AbortController().signal;
      const request = {
        workerId: 'bench',
        computeGroups: [],
        jobIds: null,
        capabilities: { webgpu: [], fetch: [] },
        publicGroup: 'take' as const,
        exceptJobs: [],
        sandboxes: batch,
        targetMs: 0.1,
        sliceMs: { [jobId]: 0.1 },
        maxSlices: batch,
        maxBytes: 2 ** 30,
      };
      for (let done = 0; done < slices;) {
        const task = await scheduler.requestTask(request);
        if (task === null) await scheduler.waitForWork(never);
        else done += (await scheduler.submitResults(task.id, jobId, answer(task.slices.numbers))).recorded;
      }
    })();
    await Promise.all([client, worker]);
    const status = await scheduler.jobStatus(jobId);
    if (status.state !== 'finished' || status.done !== slices)
      throw new Error(`the Job is ${status.state} with ${status.done} results`);
    return transactions(directory) - before;
  });
  await scheduler.close();
  return run;
}

/** LMDB's number of committed transactions, from its lock file; each is one sync of the data and one of the meta page. */
function transactions(directory: string): number {
  return Number(
    execFileSync('od', ['-An', '-tu8', '-j8', '-N8', join(directory, 'lock.mdb')], {
      encoding: 'utf8',
    }).trim(),
  );
}

async function rival(directory: string, batch: number): Promise<Run> {
  const db = open<Buffer, [string, number]>({ path: directory, encoding: 'binary', noSubdir: false });
  const run = await measure(async () => {
    let syncs = 0;
    for (let at = 0; at < slices; at += batch) {
      const end = Math.min(slices, at + batch);
      for (const table of ['slice', 'lease', 'result']) {
        for (let i = at; i < end; i++) {
          if (table === 'result' && db.get(['lease', i]) === undefined) throw new Error('no lease');
          void db.put([table, i], payloads[i]!.head as Buffer);
        }
        await db.flushed;
        syncs++;
      }
    }
    return syncs;
  });
  await db.close();
  return run;
}

const root = mkdtempSync(join(flags.directory, 'dcp-bench-scheduler-'));
try {
  const table = [];
  const ourRates: number[] = [];
  for (const [name, subject] of [
    ['embedded Scheduler', ours],
    ['lmdb, one record per Slice', rival],
  ] as const) {
    for (const batch of [100, 1000, 10_000]) {
      const results: Run[] = [];
      for (let i = 0; i <= runs; i++) {
        const directory = join(root, 'store');
        const run = await subject(directory, batch);
        rmSync(directory, { recursive: true });
        if (i > 0) results.push(run); // the first run warms up
      }
      const rates = spread(results.map((run) => slices / run.seconds));
      const of = (figure: (run: Run) => number): number => digits(spread(results.map(figure)).median);
      table.push({
        subject: name,
        'Slices per call': batch,
        'Slices/s': Math.round(rates.median),
        spread: `${Math.round(rates.quartiles[0])} – ${Math.round(rates.quartiles[1])}`,
        'transactions/s': of((run) => run.syncs / run.seconds),
        'wall µs': of((run) => (run.seconds / slices) * 1e6),
        'CPU µs': of((run) => (run.cpuSeconds / slices) * 1e6),
      });
      if (subject === ours) ourRates.push(rates.median);
    }
  }
  const device = /^(\S+) (\S+) (\S+) (\S+)/;
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const found = device.exec(line);
      return found && (root + '/').startsWith(found[2]!.replace(/\/?$/, '/'))
        ? [{ point: found[2]!, type: found[3]!, options: found[4]! }]
        : [];
    });
  const mount = mounts.sort((a, b) => b.point.length - a.point.length)[0];
  const report = new Report('scheduler', {
    fileSystem: mount?.type ?? 'unknown',
    mountOptions: mount?.options ?? '',
    slices,
    payloadBytes: PAYLOAD_BYTES,
    runs,
  });
  // A transaction of ours is one fdatasync and one synchronous meta page; one of the rival is the same, after it is visible.
  report.table('submit → lease → result → acknowledged after fsync', table);
  report.data('table', table);
  const best = Math.max(...ourRates);
  report.standing(
    'durable embedded Scheduler',
    'at least 20,000 Slices/s',
    `${Math.round(best)} Slices/s`,
    best >= 20_000,
  );
  report.finish();
} finally {
  rmSync(root, { recursive: true, force: true });
}
