import { fileURLToPath } from 'node:url';

/** `dcp-evaluator`, as it is built (scripts/programs.mjs). */
export const EVALUATOR_PROGRAM = fileURLToPath(new URL('../bin/dcp-evaluator.js', import.meta.url));
