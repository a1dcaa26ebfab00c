/**
 * The kill campaign: a client and two Workers on one Scheduler directory, `kill -9` of one of them or of all at random
 * moments, each started again. In the end every Slice must have its right result, recorded once, and no Slice may have
 * run again after its result was recorded.
 *
 *   npm run campaign:kill [-- --times 50 --slices 2000]
 *
 * Prints one JSON line; exit code 1 when anything of that does not hold.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCompute, type Compute } from '#src/compute/index.js';
import type { JobStatus } from '#src/model/index.js';
import { hasScheduler, openEmbeddedScheduler } from '#src/scheduler/index.js';
import { helpText, numberOf, orUsage } from '../soak/options.js';

const SCRIPT = 'campaign:kill';
const ABOUT =
  'A client and two Workers, of which one or all are killed at random moments: every result once, and right.';
const TIMES = '50';
const SLICES = '2000';

const { times, slices } = orUsage(SCRIPT, () => {
  const { values } = parseArgs({
    options: {
      times: { type: 'string', default: TIMES },
      slices: { type: 'string', default: SLICES },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    const options = [
      ['--times N', `how often something is killed; default ${TIMES}`],
      ['--slices N', `of the one Job; default ${SLICES}`],
    ];
    process.stdout.write(helpText(SCRIPT, ABOUT, options));
    process.exit(0);
  }
  const wholeNumber = (name: 'times' | 'slices'): number =>
    numberOf(name, values[name], 'a whole number from 1', (n) => n >= 1 && Number.isSafeInteger(n));
  return { times: wholeNumber('times'), slices: wholeNumber('slices') };
});
/** Two Workers need about 600 ms for every kill: the Job must last that long. */
const sliceMs = Math.max(2, Math.ceil((times * 600 * 2) / slices));

const directory = mkdtempSync(path.join(tmpdir(), 'dcp-kill-'));
const schedulerDirectory = path.join(directory, 'scheduler');
const jobFile = path.join(directory, 'job.mjs');
// A list, so that the client has something to upload; the Work Function says that it runs.
writeFileSync(
  jobFile,
  `export default (compute) => compute.for(Array.from({ length: ${slices} }, (_, i) => ({ i })), ({ i }) => {
    work.emit('ran', i + 1);
    for (const end = Date.now() + ${sliceMs}; Date.now() < end; );
    return i * 7;
  });`,
);

class Program {
  child: ChildProcess;
  output = '';
  constructor(
    name: 'dcp-job' | 'dcp-worker',
    private readonly args: readonly string[],
    private readonly file = fileURLToPath(import.meta.resolve(`#bin/${name}.js`)),
  ) {
    this.child = this.start();
  }
  start(): ChildProcess {
    this.output = '';
    this.child = spawn(process.execPath, [this.file, ...this.args, '--scheduler', schedulerDirectory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child.stdout!.on('data', (data) => (this.output += String(data)));
    return this.child;
  }
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

const compute = createCompute({ scheduler: schedulerDirectory });
const workers = [0, 1].map(() => new Program('dcp-worker', ['--cores', '1', '--lease', '3', '--json']));
let client = new Program('dcp-job', ['run', jobFile, '--json']);

/** None while nobody has lived long enough to make the Scheduler. */
async function listJobs(): Promise<JobStatus[]> {
  return hasScheduler(schedulerDirectory) ? compute.listJobs() : [];
}

/** What a person would do after the client died: follow the Job if there is one, start over if it was not deployed. */
async function restartClient(): Promise<void> {
  for (const { id, state } of await listJobs()) {
    if (state === 'uploading') await compute.removeJob(id);
    else {
      client = new Program('dcp-job', ['results', id, '--wait', '--json']);
      return;
    }
  }
  client = new Program('dcp-job', ['run', jobFile, '--json']);
}

const kills = { worker: 0, client: 0, everything: 0 };
let afterTheEnd = 0;
for (let i = 0; i < times; i++) {
  await sleep(50 + Math.random() * 500);
  const victim = Math.random();
  if (victim < 0.5) {
    kills.worker++;
    const worker = workers[Math.floor(Math.random() * 2)]!;
    await worker.kill();
    worker.start();
  } else if (victim < 0.75) {
    kills.client++;
    await client.kill();
    await restartClient();
  } else {
    kills.everything++;
    await Promise.all([client.kill(), ...workers.map((worker) => worker.kill())]);
    await restartClient();
    for (const worker of workers) worker.start();
  }
  const jobs = await listJobs();
  if (jobs.some(({ state }) => state === 'finished')) afterTheEnd++;
}

if (client.child.exitCode === null) await once(client.child, 'exit');
const clientCode = client.child.exitCode;
for (const worker of workers) await worker.kill();
const jobs = await listJobs();
const report = jobs.length === 1 ? await check(compute, jobs[0]!.id) : { jobs: jobs.length };
const ok = jobs.length === 1 && clientCode === 0 && 'wrong' in report && isClean(report);
rmSync(directory, { recursive: true, force: true });
console.log(JSON.stringify({ ok, times, slices, sliceMs, kills, afterTheEnd, clientCode, ...report }));
process.exitCode = ok ? 0 : 1;

interface Report {
  readonly state: string;
  readonly wrong: number;
  readonly missing: number;
  readonly recordedTwice: number;
  readonly ranAfterRecorded: number;
  /** Runs whose result got lost with a process. */
  readonly lostRuns: number;
}

function isClean({ state, wrong, missing, recordedTwice, ranAfterRecorded }: Report): boolean {
  return state === 'finished' && wrong + missing + recordedTwice + ranAfterRecorded === 0;
}

async function check(compute: Compute, id: string): Promise<Report> {
  const results = await (await compute.resume<number>(id)).fetchResults();
  let wrong = 0;
  for (const [index, value] of results.entries()) if (value !== index * 7) wrong++;
  const scheduler = await openEmbeddedScheduler(schedulerDirectory);
  const recorded = new Set<number>();
  let recordedTwice = 0;
  let ranAfterRecorded = 0;
  let runs = 0;
  for (let after = 0; ;) {
    const events = await scheduler.readEvents(id, after, 1000);
    if (events.length === 0) break;
    for (const event of events) {
      after = event.seq;
      if (event.type === 'results') {
        for (const n of event.numbers) {
          if (recorded.has(n)) recordedTwice++;
          recorded.add(n);
        }
      } else if (event.type === 'custom') {
        runs++;
        if (recorded.has(event.slice)) ranAfterRecorded++;
      }
    }
  }
  const { state } = await scheduler.jobStatus(id);
  await scheduler.close();
  return {
    state,
    wrong,
    missing: slices - results.length,
    recordedTwice,
    ranAfterRecorded,
    lostRuns: runs - recorded.size,
  };
}
