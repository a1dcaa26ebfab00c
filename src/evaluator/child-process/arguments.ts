import { fileURLToPath } from 'node:url';
import { seccompText, type SeccompSetting } from '../confinement/seccomp-setting.js';
import { gpuArguments, type GpuOptions } from '../gpu/index.js';

const PROGRAM = fileURLToPath(new URL('../../cli/dcp-evaluator.js', import.meta.url));

export interface EvaluatorArguments {
  readonly threads: number;
  readonly gpu: GpuOptions | null;
  readonly seccomp: SeccompSetting;
  /** It ends when it cannot confine itself so. */
  readonly requireSeccomp: boolean;
}

/** The command line, for Node, of an evaluator process that speaks frames on the descriptor behind the standard ones. */
export function evaluatorArguments({ threads, gpu, seccomp, requireSeccomp }: EvaluatorArguments): string[] {
  return [
    PROGRAM,
    '--frames',
    '--threads',
    String(threads),
    `--seccomp=${seccompText(seccomp)}`,
    ...(requireSeccomp ? ['--require-seccomp'] : []),
    ...(gpu === null ? ['--no-gpu'] : gpuArguments(gpu)),
  ];
}
