/**
 * What a process boundary costs: child-process hosts beside the in-process one, for empty Slices in Tasks of 1, 100 and 10,000 and for
 * arrays of 1, 16 and 64 MB to the Work Function and back. Beside them, in the same run, what cannot be had for less: a byte
 * through another process and back, a copy per direction, the same bytes through pipes.
 */
import assert from 'node:assert/strict';
import { decode, encode } from '#src/codec/index.js';
import { makeSliceBatch, payloadAt, type SliceBatch } from '#src/model/index.js';
import { openHosts, type HostName } from './harness/hosts.js';
import { measure, type Figures, type Subject } from './harness/measure.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox } from './harness/sandboxes.js';
import { EchoProcess } from './rivals/echo-process.js';

type Floats = Float64Array<ArrayBuffer>;

const TASKS = [1, 100, 10_000];
const ARRAYS = [1e6, 16e6, 64e6];
const LARGE = 64e6;
const ROUNDS = 15;
/** Slices in one run of a subject, at least. */
const SLICES = 10_000;
/** Tasks in one run, at most. */
const MAX_TASKS = 50;
const EMPTY = 'empty Slice, alone';
const COPIES = 'one copy per direction';
const PIPES = 'pipes, there and back';

const hosts = await openHosts();
const sandboxes = new Map<HostName, BenchSandbox>();
/** These answer an array of their own. */
const makers = new Map<string, BenchSandbox>();
for (const [name, host] of hosts) {
  sandboxes.set(name, await BenchSandbox.assigned(host, '(x) => x'));
  const maker = await BenchSandbox.assigned(host, '(x) => new Float64Array(x.length).fill(x[0])');
  makers.set(`${name}, another array`, maker);
}
const echo = new EchoProcess();

/** Tasks of so many Slices, one after another, each waited for. */
function emptySlices(sandbox: BenchSandbox, count: number): Subject {
  const tasks = Math.min(MAX_TASKS, SLICES / count);
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  const payloads = numbers.map((n) => encode(n));
  let batches: SliceBatch[] = [];
  return {
    turns: tasks * count,
    prepare() {
      batches = Array.from({ length: tasks }, () => makeSliceBatch(numbers, payloads));
    },
    async run() {
      for (const batch of batches) await sandbox.run(batch);
    },
  };
}

function arrays(sandbox: BenchSandbox, bytes: number): Subject {
  let array: Floats = new Float64Array(bytes / 8).fill(Math.PI);
  const through = async (): Promise<void> => {
    await sandbox.run(makeSliceBatch([1], [encode(array)]));
    array = decode(payloadAt(sandbox.results[0]!, 0)) as Floats;
  };
  return {
    turns: 2,
    prepare: through,
    async run() {
      await through();
      await through();
      assert.equal(array.at(-1), Math.PI);
    },
  };
}

function copies(bytes: number): Subject {
  const from = new Uint8Array(bytes).fill(1);
  const to = new Uint8Array(bytes).fill(2);
  return {
    turns: 2,
    run() {
      for (let i = 0; i < 4; i++) to.set(from);
    },
  };
}

function pipes(bytes: number, turns: number): Subject {
  const some = new Uint8Array(bytes).fill(1);
  return {
    turns,
    async run() {
      for (let i = 0; i < turns; i++) await echo.send(some);
    },
  };
}

function ofEach(
  subject: (sandbox: BenchSandbox) => Subject,
  each: ReadonlyMap<string, BenchSandbox> = sandboxes,
): Record<string, Subject> {
  return Object.fromEntries([...each].map(([name, sandbox]) => [name, subject(sandbox)]));
}

const wall = (figures: Readonly<Record<string, Figures>>, name: string): number =>
  figures[name]!.wallUs.median;

const report = new Report('hosts', { rounds: ROUNDS, tasks: TASKS, bytes: ARRAYS });
for (const count of TASKS) {
  const subjects = ofEach((sandbox) => emptySlices(sandbox, count));
  if (count === 1) subjects['a byte through pipes and back'] = pipes(1, MAX_TASKS);
  const figures = await measure(subjects, { rounds: ROUNDS });
  report.figures(`empty Slices, ${count} in a Task, per Slice`, figures, 'in-process');
}
const ratios = new Map<string, number>();
for (const bytes of ARRAYS) {
  const figures = await measure(
    {
      ...ofEach((sandbox) => arrays(sandbox, bytes)),
      ...ofEach((sandbox) => arrays(sandbox, bytes), makers),
      [COPIES]: copies(bytes),
      [PIPES]: pipes(bytes, 2),
      ...Object.fromEntries(
        [...sandboxes].map(([name, sandbox]) => [`${EMPTY}, ${name}`, emptySlices(sandbox, 1)]),
      ),
    },
    { rounds: ROUNDS },
  );
  report.figures(`an array of ${bytes / 1e6} MB in and out`, figures, COPIES);
  if (bytes !== LARGE) continue;
  for (const name of hosts.keys())
    ratios.set(name, wall(figures, name) / (wall(figures, COPIES) + wall(figures, `${EMPTY}, ${name}`)));
}
echo.close();
for (const host of hosts.values()) await host.close();
ratios.delete('in-process');
// What there is to compare with.
ratios.delete('child process, no shared memory');
for (const [name, ratio] of ratios)
  report.standing(
    `64 MB array through the host “${name}” against a copy per direction and an empty Slice`,
    'at most 2×',
    `${digits(ratio)}×`,
    ratio <= 2,
  );
report.finish();
process.exit(0);
