/**
 * What confinement costs when a process starts, turn about: an evaluator until it is ready, and a program that does nothing, each
 * with every layer, with all but the namespaces, and with none. A Worker keeps one evaluator prewarmed, which hides the most of it.
 */
import { once } from 'node:events';
import { Confinement, completeConfinement } from '#src/evaluator/confinement/index.js';
import type { LayerName } from '#src/evaluator/confinement/layers.js';
import { openChildProcessEvaluator, type ConfinementOptions } from '#src/evaluator/index.js';
import { measure } from './harness/measure.js';
import { Report, digits } from './harness/report.js';

const NAMESPACES: readonly LayerName[] = [
  'user-namespace',
  'mount-namespace',
  'network-namespace',
  'pid-namespace',
  'ipc-namespace',
];
const WAYS: Readonly<Record<string, ConfinementOptions>> = {
  'not confined': { mode: 'off' },
  'all but namespaces': { without: NAMESPACES },
  'all layers': {},
};

const evaluators = Object.entries(WAYS).map(([name, confinement]) => {
  const run = async (): Promise<void> => {
    const evaluator = await openChildProcessEvaluator({ threads: 1, gpu: null, confinement });
    await evaluator.close();
  };
  return [name, { turns: 1, run }] as const;
});
const programs = Object.entries(WAYS).map(([name, options]) => {
  const confinement = new Confinement({ ...completeConfinement(options), gpu: false, env: {} });
  const run = async (): Promise<void> => {
    const { child } = confinement.spawn(['--version'], ['ignore', 'ignore', 'ignore'], { cwd: '/', env: {} });
    await once(child, 'close');
  };
  return [name, { turns: 1, run }] as const;
});

const report = new Report('confinement');
const ready = await measure(Object.fromEntries(evaluators), { rounds: 11, warmUp: 2 });
const nothing = await measure(Object.fromEntries(programs), { rounds: 31, warmUp: 3 });
report.figures('an evaluator, until it is ready, and its end', ready, 'not confined');
report.figures('node --version', nothing, 'not confined');
const more = (nothing['all layers']!.wallUs.median - nothing['not confined']!.wallUs.median) / 1000;
report.standing('what all layers add to the start of a process', 'none', `${digits(more)} ms`);
report.finish();
