import { EvaluatorError } from '../../model/index.js';
import { LAYERS, type ConfinementMode, type LayerName, type LayerState } from './layers.js';
import type { ProfileName } from './profile-name.js';
import { remedyOf } from './remedies.js';

/** What became of the confinement of an evaluator process. */
export interface ConfinementReport {
  readonly mode: ConfinementMode;
  /** What it may use besides the CPU. */
  readonly profiles: readonly ProfileName[];
  /** All of them, in the order of `LAYERS`. */
  readonly layers: readonly LayerState[];
}

/** What the launcher says, on one line, of itself and the process that it becomes, or stays beside. */
export interface LauncherReport {
  readonly pid: number;
  readonly profiles: readonly ProfileName[];
  readonly layers: readonly LayerState[];
  /** The process's own; null: none. */
  readonly cgroup: string | null;
  /** Why it runs no program; null: it does. */
  readonly failure: string | null;
}

/** Reads the last line of what the launcher has said; null: it has said nothing. Throws `EvaluatorError` for anything else. */
export function readLauncherReport(text: string): LauncherReport | null {
  const line = text.trimEnd().split('\n').at(-1);
  if (line === undefined || line === '') return null;
  try {
    const report = JSON.parse(line) as LauncherReport;
    if (!Number.isInteger(report.pid) || !Array.isArray(report.layers)) throw new Error('no report');
    return report;
  } catch (cause) {
    throw new EvaluatorError(`the launcher of evaluators says ${JSON.stringify(line.slice(0, 200))}`, {
      cause,
    });
  }
}

export function reportOf(mode: ConfinementMode, { profiles, layers }: LauncherReport): ConfinementReport {
  const states = new Map(layers.map((layer) => [layer.name, layer]));
  return { mode, profiles, layers: LAYERS.map((name) => states.get(name) ?? unknown(name)) };
}

function unknown(name: LayerName): LayerState {
  return { name, state: 'missing', why: 'the launcher does not know it' };
}

/** The same with what the process has said of itself, once it was ready. */
export function withLayers(report: ConfinementReport, said: readonly LayerState[]): ConfinementReport {
  if (report.mode === 'off') return report;
  const layers = report.layers.map((layer) => said.find(({ name }) => name === layer.name) ?? layer);
  return { ...report, layers };
}

/** Nothing is confined, and why. */
export function unconfined(mode: ConfinementMode, state: 'off' | 'missing', why: string): ConfinementReport {
  return { mode, profiles: [], layers: LAYERS.map((name) => ({ name, state, why })) };
}

/** A sentence for a log: which layers are on, and of the others each with its reason. */
export function confinementText({ layers }: ConfinementReport): string {
  const on = layers.filter(({ state }) => state === 'on');
  const others = layers.filter(({ state }) => state !== 'on');
  const [first] = others;
  if (on.length === 0 && first !== undefined && others.every(({ why }) => why === first.why))
    return `evaluators are not confined: ${first.why}`;
  const reasons = others.map(({ name, state, why }) => `${name} ${state} (${why})`);
  return [`evaluators are confined: ${on.map(({ name }) => name).join(', ')} on`, ...reasons].join('; ');
}

export function missingLayers({ layers }: ConfinementReport): readonly LayerState[] {
  return layers.filter(({ state }) => state === 'missing');
}

/** Why there is no evaluator where all layers are required: which are missing, why, and what would help. */
export function refusal(report: ConfinementReport): string {
  const lines = missingLayers(report).map((layer) => {
    const remedy = remedyOf(layer);
    return `${layer.name} (${layer.why}${remedy === null ? '' : `; ${remedy}`})`;
  });
  return `--confinement=require: no evaluator, for layers are missing: ${lines.join(', ')}`;
}
