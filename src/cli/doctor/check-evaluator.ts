import {
  askForGpus,
  confinementText,
  locationText,
  missingLayers,
  openChildProcessEvaluator,
  openRemoteEvaluator,
  remedyOf,
  runSingleSlice,
  type Evaluator,
  type ConfinementOptions,
  type ConfinementReport,
  type EvaluatorLocation,
  type GpuOptions,
} from '../../evaluator/index.js';
import { printable, type WebgpuAdapter } from '../../model/index.js';
import { note, ok, problem, type Finding } from './finding.js';

/** How long all of it may take on a busy machine, milliseconds. */
const TRIAL_MS = 40_000;
const SLICE_MS = 10_000;
/** Lines that an evaluator process says before it dies, of which the last ones tell why. */
const MAX_LINES = 3;

const TRIAL = { name: 'doctor', workFunction: '(n) => n * 2', datum: 21, timeoutMs: SLICE_MS };

/**
 * The first condition for work: an evaluator process starts, makes a Sandbox and runs a Slice in it. `location`: that of a
 * standing evaluator, which starts it; null: this program does.
 */
export async function checkEvaluator(
  location: EvaluatorLocation | null,
  confinement: ConfinementOptions,
  gpu: GpuOptions | null,
): Promise<Finding[]> {
  const lines: string[] = [];
  const began = performance.now();
  let evaluator: Evaluator | null = null;
  let confined: ConfinementReport | null = null;
  try {
    const onLog = (_pid: number, line: string): void => {
      lines.push(line);
      if (lines.length > MAX_LINES) lines.shift();
    };
    if (location === null) {
      const own = await openChildProcessEvaluator({ threads: 1, gpu, confinement, onLog });
      confined = own.confinement;
      evaluator = own;
    } else evaluator = openRemoteEvaluator(location);
    const value = await withinTime(runSingleSlice(evaluator, TRIAL));
    if (value !== 42) throw new Error(`a Slice that doubles 21 answered ${JSON.stringify(value)}`);
    const where = location === null ? 'an evaluator process' : `the evaluator at ${locationText(location)}`;
    return [
      ok(`${where} ran a Slice, after ${Math.round(performance.now() - began)} ms`),
      ...(confined === null ? [] : ofConfinement(confined)),
    ];
  } catch (error) {
    return [failed(error, lines)];
  } finally {
    await evaluator?.close();
  }
}

/** What keeps evaluators from the rest of the machine. What is missing is no obstacle, where it is not required. */
function ofConfinement(report: ConfinementReport): Finding[] {
  if (report.mode === 'off')
    return [note('NOT_CONFINED', confinementText(report), '--confinement=best-effort')];
  const on = report.layers.filter(({ state }) => state === 'on').map(({ name }) => name);
  const off = report.layers.filter(({ state }) => state === 'off');
  return [
    ...(on.length === 0 ? [] : [ok(`evaluators are confined by ${on.join(', ')}`)]),
    ...off.map(({ name, why }) => note(null, `${name} is off: ${why}`)),
    ...missingLayers(report).map((layer) =>
      note(
        'CONFINEMENT_MISSING',
        `${layer.name} is missing: ${printable(layer.why ?? '', 300)}`,
        remedyOf(layer),
      ),
    ),
  ];
}

function failed(error: unknown, lines: readonly string[]): Finding {
  const said = [...lines, (error as Error).message].map((line) => printable(line, 300));
  const text = `no Slice can be run: ${said.join('; ')}`;
  return /\.node\b|addon|ERR_DLOPEN|NODE_MODULE_VERSION/i.test(said.join(' '))
    ? problem('ADDON_UNUSABLE', text, 'npm rebuild dcp-worker-native, or in a checkout: npm run build')
    : problem('EVALUATOR_UNAVAILABLE', text, null);
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${TRIAL_MS / 1000} s`)), TRIAL_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Which GPUs Jobs get. None is no obstacle: most Jobs need none. */
export async function checkGpus({
  evaluator,
  gpu,
}: {
  readonly evaluator: EvaluatorLocation | null;
  readonly gpu: GpuOptions | null;
}): Promise<{ readonly findings: readonly Finding[]; readonly adapters: readonly WebgpuAdapter[] }> {
  if (evaluator !== null) {
    const text = `which GPUs Jobs get is for the evaluator at ${locationText(evaluator)} to say`;
    return { findings: [note(null, text)], adapters: [] };
  }
  if (gpu === null) return { findings: [note(null, 'Jobs get no GPU, as the options say')], adapters: [] };
  const { adapters, problems } = await askForGpus(gpu);
  const findings = [
    ...adapters.map(({ name }) => ok(`GPU ${printable(name)}`)),
    ...problems.map(({ what, fix }) => note('NO_GPU', `no GPU: ${printable(what, 300)}`, fix)),
  ];
  return { findings, adapters };
}
