import type { ConfinementOptions, EvaluatorLocation, GpuOptions } from '../../evaluator/index.js';
import { printJsonLine } from '../present.js';
import { ExitCode } from '../program.js';
import type { StatusClient } from '../status-client.js';
import { checkEvaluator, checkGpus } from './check-evaluator.js';
import { checkMachine } from './check-machine.js';
import { checkWork } from './check-work.js';
import { checkWorker } from './check-worker.js';
import type { Section } from './finding.js';
import type { WorkerOffer } from './job-fit.js';

/** The Worker that is asked about, as options and configuration say it. */
export interface DoctorSubject extends Omit<WorkerOffer, 'adapters'> {
  /** The embedded Scheduler's directory. */
  readonly scheduler: string;
  /** Of a standing evaluator; null: the Worker starts its own. */
  readonly evaluator: EvaluatorLocation | null;
  /** Of evaluators that the Worker starts. */
  readonly confinement: ConfinementOptions;
  /** Folders that it writes to. */
  readonly folders: readonly string[];
  /** Null: Jobs get no GPU. */
  readonly gpu: GpuOptions | null;
}

const MARKS = { ok: '✓', problem: '✗', note: '·' } as const;

/**
 * Checks the three conditions under which a Worker works, and what the machine must have. Prints what it finds and answers
 * the exit code: 1 when something keeps it from working.
 */
export async function runDoctor(
  subject: DoctorSubject,
  { client, json }: { readonly client: StatusClient; readonly json: boolean },
): Promise<number> {
  const sections = await examine(subject, client);
  const works = sections.every(({ findings }) => findings.every(({ kind }) => kind !== 'problem'));
  if (json) printJsonLine({ works, sections });
  else process.stdout.write(text(sections, works));
  return works ? ExitCode.ok : ExitCode.failure;
}

async function examine(subject: DoctorSubject, client: StatusClient): Promise<Section[]> {
  const [evaluator, gpus, worker] = await Promise.all([
    checkEvaluator(subject.evaluator, subject.confinement, subject.gpu),
    checkGpus(subject),
    checkWorker(client),
  ]);
  const offer: WorkerOffer = { ...subject, adapters: gpus.adapters };
  return [
    {
      name: 'evaluator',
      title: '1. The evaluator can be started',
      findings: [...evaluator, ...gpus.findings],
    },
    { name: 'worker', title: '2. A Worker runs', findings: worker.findings },
    {
      name: 'work',
      title: '3. There is work for it',
      findings: await checkWork(subject.scheduler, offer, worker.status),
    },
    { name: 'machine', title: 'The machine', findings: checkMachine(subject.folders) },
  ];
}

function text(sections: readonly Section[], works: boolean): string {
  const lines = sections.flatMap(({ title, findings }) => [
    title,
    ...findings.flatMap(({ kind, code, text, fix }) => [
      `  ${MARKS[kind]} ${text}${code === null ? '' : ` (${code})`}`,
      ...(fix === null ? [] : [`      → ${fix}`]),
    ]),
    '',
  ]);
  const verdict = works
    ? 'Nothing keeps this machine from working.'
    : 'What is marked ✗ keeps this machine from working.';
  return `${lines.join('\n')}\n${verdict}\n`;
}
