import { fileURLToPath } from 'node:url';
import { gpuArguments, type GpuOptions } from '../gpu/index.js';

const PROGRAM = fileURLToPath(new URL('../../cli/dcp-evaluator.js', import.meta.url));

/** The command line, for Node, of an evaluator process that speaks frames on the descriptor behind the standard ones. */
export function evaluatorArguments(options: { threads: number; gpu: GpuOptions | null }): string[] {
  const gpu = options.gpu === null ? ['--no-gpu'] : gpuArguments(options.gpu);
  return [PROGRAM, '--frames', '--threads', String(options.threads), ...gpu];
}
