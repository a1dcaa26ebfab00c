/**
 * Loaded into a Worker: the evaluator processes that it starts load cut-stream.ts, which comes as text because a confined process reads
 * no files of ours. Not any more once the file of `DCP_CAMPAIGN_CALM` is there.
 */
import childProcess from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const PROGRAM = '/dcp-evaluator.js';
const text = readFileSync(new URL('./cut-stream.js', import.meta.url)).toString('base64');
const calm = process.env['DCP_CAMPAIGN_CALM'] ?? '';

type Spawn = (command: string, args: readonly string[], ...rest: unknown[]) => childProcess.ChildProcess;

const spawn = childProcess.spawn as unknown as Spawn;
const spawnBreaking: Spawn = (command, args, ...rest) => {
  const at = args.findIndex((word) => word.endsWith(PROGRAM));
  const load = at < 0 || existsSync(calm) ? [] : ['--import', `data:text/javascript;base64,${text}`];
  return spawn(command, [...args.slice(0, at), ...load, ...args.slice(at)], ...rest);
};
childProcess.spawn = spawnBreaking as unknown as typeof childProcess.spawn;
syncBuiltinESMExports();
