/** The dumps of `dcp-evaluator-start`: what scripts that read those of the existing program expect, key for key. */
import path from 'node:path';
import { camelCase, kebabCase } from './spellings.js';
import type { Launch } from './evaluator-launch.js';

export type Dump = 'all' | 'files' | 'types';

/** Options that are shown with their defaults, in this order. */
const DEFAULTED = ['prefix', 'port', 'stdio', 'sandbox-libexec-dir', 'sandbox-definitions', 'sandbox-type'];

/** `given`: the options of the command line in their order, as they were spelled. */
export function dumpLaunch(launch: Launch, dump: Dump, json: boolean, given: readonly string[]): void {
  const { evaluator, files } = launch;
  if (dump !== 'all') {
    const list = dump === 'files' ? files : launch.types;
    console.log(json ? JSON.stringify(list) : list);
    return;
  }
  const args = launch.args.map(shown);
  const options = shownOptions(launch, given);
  if (json) {
    console.log(JSON.stringify({ evaluator, files, args, options }));
    return;
  }
  console.log('Evaluator command:', [evaluator, ...files, ...launch.args].join(' '));
  console.log('Options:', options);
}

/** Each option under both its spellings, as given first. */
function shownOptions({ options, port }: Launch, given: readonly string[]): Record<string, unknown> {
  const result: Record<string, unknown> = { _: (options['_'] as readonly string[]).map(shown) };
  for (const name of [...given, ...DEFAULTED]) {
    if (name === 'port' && port === null) continue;
    const value = shown(options[camelCase(name)]);
    const other = name.includes('-') ? camelCase(name) : kebabCase(name);
    for (const key of [name, other]) if (!(key in result)) result[key] = value;
  }
  result['$0'] = shorterPath(process.argv[1]!);
  if (!('evaluator' in result)) result['evaluator'] = options['evaluator'];
  return result;
}

/** A word that is a number as JavaScript writes it is shown as one. */
function shown(value: unknown): unknown {
  return typeof value === 'string' &&
    value !== '' &&
    String(Number(value)) === value &&
    Number.isFinite(Number(value))
    ? Number(value)
    : value;
}

function shorterPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.length < file.length ? relative : file;
}
