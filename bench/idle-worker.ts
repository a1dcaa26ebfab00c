/**
 * What `dcp-worker` costs while there is nothing to do: CPU time and memory (PSS) of its own process and of the evaluator
 * process it keeps warm, beside a Node process whose timer fires once a second.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuMs, pssKiB } from './harness/process-use.js';
import { Report, digits } from './harness/report.js';

/** V8 has collected by then what a start leaves behind, which it does some 40 s after. */
const SETTLE_MS = 60_000;
const WATCHED_MS = 30_000;

const report = new Report('idle-worker', { watchedMs: WATCHED_MS });
const directory = mkdtempSync(path.join(tmpdir(), 'dcp-bench-'));
const program = fileURLToPath(import.meta.resolve('#bin/dcp-worker.js'));
const worker = spawn(process.execPath, [program, '--scheduler', directory, '--no-gpu'], { stdio: 'ignore' });
const plain = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
await setTimeout(SETTLE_MS);

/** The launcher of a confined evaluator, the init of its pid namespace, and the evaluator: together they are what is kept. */
function below(pid: number): readonly (readonly [string, number])[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? [];
  return children.map(Number).flatMap((child) => {
    const name = readFileSync(`/proc/${child}/comm`, 'utf8').trim();
    const subject = name.startsWith('dcp-confine') ? name : 'evaluator, kept warm';
    return [[subject, child] as const, ...below(child)];
  });
}

const subjects = new Map([
  ['Supervisor', worker.pid!],
  ...below(worker.pid!),
  ['Node process with a timer', plain.pid!],
]);
const before = new Map([...subjects.values()].map((pid) => [pid, cpuMs(pid)]));
await setTimeout(WATCHED_MS);
const found = [...subjects].map(([subject, pid]) => ({
  subject,
  corePart: (cpuMs(pid) - before.get(pid)!) / WATCHED_MS,
  pssMiB: pssKiB(pid) / 1024,
}));
report.data('processes', found);
report.table(
  'idle Worker',
  found.map(({ subject, corePart, pssMiB }) => ({
    subject,
    '% of a core': digits(corePart * 100),
    'PSS, MiB': digits(pssMiB),
  })),
);
const [{ corePart, pssMiB }] = found as [(typeof found)[0]];
report.standing(
  'idle Supervisor, CPU',
  'under 0.5% of a core',
  `${digits(corePart * 100)}%`,
  corePart < 0.005,
);
report.standing('idle Supervisor, memory', 'under 120 MB', `${digits(pssMiB)} MiB`, pssMiB * 1.048576 < 120);
report.finish();
worker.kill('SIGKILL');
plain.kill();
rmSync(directory, { recursive: true, force: true });
process.exit(0);
