import { seccompText, type SeccompSetting } from '../confinement/seccomp-setting.js';
import { gpuArguments, type GpuOptions } from '../gpu/index.js';
import { EVALUATOR_PROGRAM } from '../program.js';

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
    EVALUATOR_PROGRAM,
    '--frames',
    '--threads',
    String(threads),
    `--seccomp=${seccompText(seccomp)}`,
    ...(requireSeccomp ? ['--require-seccomp'] : []),
    ...(gpu === null ? ['--no-gpu'] : gpuArguments(gpu)),
  ];
}
