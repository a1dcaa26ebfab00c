/**
 * Runs the conformance test suite of WebGPU (https://github.com/gpuweb/cts) in Sandboxes and under dawn.node, and compares case by case.
 *
 *   npm run conformance -- [--cts <checkout>] [--json <file>] [--sample 10] [--seat file] [--minutes 60] [--per-slice 50] [--case-timeout 60] [query…]
 *
 * Exit code 1 when a case is worse in a Sandbox than with dawn.node (compare.ts) and known-differences.ts gives no reason; 2 when there is
 * nothing to compare: the checkout or a query is wrong, there is no GPU, an engine does not start or loses every case, or this program fails.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import vm from 'node:vm';
import { globals } from 'webgpu';
import { gpuMissing } from '../gpu/support.js';
import { bundleSuite, SUITE_GLOBAL } from './bundle.js';
import type { Batch, CaseResult } from './case.js';
import { specFilesOf, UsageError } from './checkout.js';
import { compare, countsOf, type Difference } from './compare.js';
import { openDawnNode } from './dawn-node.js';
import { EngineError, runBatches, type Engine } from './engine.js';
import type { Suite } from './runner.js';
import { openSandboxes } from './sandbox.js';

const HELP = `npm run conformance -- [options] [query…]

Runs the WebGPU conformance test suite in Sandboxes and under dawn.node, and compares case by case.

  query                 as the suite has them, in quotes: 'webgpu:idl,*', 'webgpu:api,operation,labels:*'. Default: 'webgpu:*'
  --cts <checkout>      a checkout of https://github.com/gpuweb/cts, as it is: nothing has to be built in it. Default: the one
                        that "npm run cts" fetches, which is done where it is not there
  --json <file>         writes every result of both
  --sample <n>          of each test so many cases at most, spread over it, 1 to 100000. Default: all
  --seat test|file      a Sandbox, and a process, for each test, or for each file: quicker, where no test spoils it for others.
                        Default: test
  --per-slice <n>       cases a Slice at most, 1 to 100000. Default: 50
  --minutes <n>         begins no test after so many minutes, and compares what both have run until then. Default: no limit
  --case-timeout <s>    seconds for one case, 1 to 3600. Default: 60
  --list                prints the cases, and runs none

Exit code 1: a case is worse in a Sandbox, for no known reason. 2: there was nothing to compare; the message says why.
`;

/** Lines of each list that is printed; all are in the JSON. */
const MAX_PRINTED = 100;

const fail = (error: unknown): never => {
  const isForWhoTyped = error instanceof UsageError || error instanceof EngineError;
  const text = isForWhoTyped ? error.message : String((error as Error).stack);
  process.stderr.write(`conformance: ${text}\n`);
  process.exit(2);
};
process.once('uncaughtException', fail);
process.exitCode = await main().catch(fail);

async function main(): Promise<number> {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.cts === undefined) throw new UsageError(`--cts <checkout> is missing\n\n${HELP}`);
  const seat = seatOf(values.seat);
  const perSlice = numberOf('--per-slice', values['per-slice'], 100_000);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new UsageError(`--minutes ${values.minutes}: it must be a number above 0`);
  const caseTimeoutMs = 1000 * numberOf('--case-timeout', values['case-timeout'], 3600);
  const queries = positionals.length > 0 ? positionals : ['webgpu:*'];
  const files = specFilesOf(values.cts, queries);
  const script = await bundleSuite(values.cts, files);
  const all = await casesOf(script, queries);
  const cases =
    values.sample === undefined ? all : sampleOf(all, numberOf('--sample', values.sample, 100_000));
  if (values.list) {
    process.stdout.write(cases.map((query) => `${query}\n`).join(''));
    return 0;
  }
  const missing = await gpuMissing();
  if (missing !== false) throw new UsageError(missing);

  const scratch = mkdtempSync(path.join(os.tmpdir(), 'conformance-'));
  try {
    const scriptFile = path.join(scratch, 'suite.js');
    writeFileSync(scriptFile, script);
    process.stdout.write(`${cases.length} cases of ${files.length} files, ${script.length} characters\n`);
    const engines = [
      await openSandboxes(script, caseTimeoutMs),
      openDawnNode(scriptFile, caseTimeoutMs),
    ] as const;
    try {
      const [sandbox, dawnNode] = await runAll(engines, batchesOf(cases, perSlice, seat), minutes);
      return report(values.cts, queries, values.json, sandbox, dawnNode);
    } finally {
      await Promise.all(engines.map((engine) => engine.close()));
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        cts: { type: 'string' },
        json: { type: 'string' },
        sample: { type: 'string' },
        seat: { type: 'string', default: 'test' },
        'per-slice': { type: 'string', default: '50' },
        minutes: { type: 'string', default: 'Infinity' },
        'case-timeout': { type: 'string', default: '60' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** What has a Sandbox, and a process, to itself. Some tests replace what others use, and do not put all of it back. */
type SeatOf = 'test' | 'file';

function seatOf(text: string): SeatOf {
  if (text === 'test' || text === 'file') return text;
  throw new UsageError(`--seat ${text}: it must be "test" or "file"`);
}

function numberOf(name: string, text: string, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new UsageError(`${name} ${text}: it must be a whole number from 1 to ${most}`);
}

/** The cases of the queries, in the suite's order. To list them takes WebGPU's constants, and no GPU. */
async function casesOf(script: string, queries: readonly string[]): Promise<string[]> {
  Object.assign(globalThis, globals);
  vm.runInThisContext(script, { filename: 'suite.js' });
  const suite = Reflect.get(globalThis, SUITE_GLOBAL) as Suite;
  const cases = new Set<string>();
  for (const query of queries) {
    const found = await suite.list(query).catch((error: unknown) => {
      throw new UsageError(`query ${query}: ${(error as Error).message}`);
    });
    if (found.length === 0) throw new UsageError(`query ${query}: no case matches it`);
    for (const each of found) cases.add(each);
  }
  return [...cases];
}

/** At most so many cases of each test, at even distances: tests of thousands have neighbours that hardly differ. */
function sampleOf(cases: readonly string[], most: number): string[] {
  const tests = new Map<string, string[]>();
  for (const query of cases) {
    const test = query.split(':', 3).join(':');
    getOrMake(tests, test, () => []).push(query);
  }
  return [...tests.values()].flatMap((all) => {
    const count = Math.min(most, all.length);
    return Array.from(
      { length: count },
      (_, index) => all[Math.floor(((index + 0.5) * all.length) / count)]!,
    );
  });
}

/** Batches by file and seat. */
type Batches = ReadonlyMap<string, ReadonlyMap<string, Batch[]>>;

function batchesOf(cases: readonly string[], perSlice: number, seatFor: SeatOf): Batches {
  const files = new Map<string, Map<string, Batch[]>>();
  for (const query of cases) {
    const [suite, file, name] = query.split(':') as [string, string, string];
    const seats = getOrMake(files, file, () => new Map<string, Batch[]>());
    const test = `${suite}:${file}:${name}:*`;
    const batches = getOrMake(seats, seatFor === 'test' ? test : file, () => []);
    const last = batches.at(-1);
    if (last?.test === test && last.cases.length < perSlice) (last.cases as string[]).push(query);
    else batches.push({ test, cases: [query] });
  }
  return files;
}

function getOrMake<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

async function runAll(
  engines: readonly [Engine, Engine],
  files: Batches,
  minutes: number,
): Promise<[Map<string, CaseResult>, Map<string, CaseResult>]> {
  const end = performance.now() + 60_000 * minutes;
  const run = async (engine: Engine): Promise<Map<string, CaseResult>> => {
    const all = new Map<string, CaseResult>();
    for (const [file, seats] of files) {
      const results: CaseResult[] = [];
      const begun = performance.now();
      for (const batches of seats.values()) {
        if (performance.now() > end) break;
        await runBatches(engine, batches, (some) => void results.push(...some));
      }
      if (results.length === 0) break;
      for (const result of results) all.set(result.query, result);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      process.stdout.write(`${engine.name.padEnd(9)} ${file}: ${told(results)}, ${seconds} s\n`);
    }
    return all;
  };
  const [sandbox, dawnNode] = await Promise.all([run(engines[0]), run(engines[1])]);
  const ofBoth = [...sandbox].filter(([query]) => dawnNode.has(query));
  return [new Map(ofBoth), new Map(ofBoth.map(([query]) => [query, dawnNode.get(query)!]))];
}

function told(results: Iterable<CaseResult>): string {
  const counts = Object.entries(countsOf(results)).filter(([, count]) => count > 0);
  return counts.map(([status, count]) => `${count} ${status}`).join(', ');
}

function report(
  checkout: string,
  queries: readonly string[],
  json: string | undefined,
  sandbox: ReadonlyMap<string, CaseResult>,
  dawnNode: ReadonlyMap<string, CaseResult>,
): number {
  const { worse, better, skips } = compare(sandbox, dawnNode);
  const unexplained = worse.filter(({ reason }) => reason === null);
  const explained = worse.filter(({ reason }) => reason !== null);
  if (json !== undefined) {
    const cases = [...sandbox].map(([query, result]) => ({
      query,
      sandbox: result,
      dawnNode: dawnNode.get(query),
    }));
    const counts = { sandbox: countsOf(sandbox.values()), dawnNode: countsOf(dawnNode.values()) };
    const version = versionOf(checkout);
    writeFileSync(json, JSON.stringify({ version, queries, counts, worse, better, skips, cases }, null, 1));
  }
  const print = (title: string, list: readonly Difference[], why: (each: Difference) => string): void => {
    if (list.length === 0) return;
    process.stdout.write(`\n${title} (${list.length}):\n`);
    for (const each of list.slice(0, MAX_PRINTED))
      process.stdout.write(`  ${each.query}\n    ${why(each)}\n`);
    if (list.length > MAX_PRINTED) process.stdout.write(`  … ${list.length - MAX_PRINTED} more\n`);
  };
  const first = ({ logs }: CaseResult): string => (logs[0] ?? '').split('\n', 2).join(' ');
  print(
    'Worse in a Sandbox than with dawn.node',
    unexplained,
    ({ sandbox, dawnNode }) => `${sandbox.status}, dawn.node ${dawnNode.status}: ${first(sandbox)}`,
  );
  print('Known differences', explained, ({ reason }) => String(reason));
  print(
    'Passes in a Sandbox, fails with dawn.node',
    better,
    ({ dawnNode }) => `${dawnNode.status}: ${first(dawnNode)}`,
  );
  print(
    'Skipped by one alone',
    skips,
    ({ sandbox, dawnNode }) => `sandbox ${sandbox.status}, dawn.node ${dawnNode.status}`,
  );
  process.stdout.write(`\nsandbox:   ${told(sandbox.values())}\ndawn.node: ${told(dawnNode.values())}\n`);
  if (sandbox.size === 0) throw new EngineError('nothing was compared: no test was done within --minutes');
  for (const [name, results] of Object.entries({ 'a Sandbox': sandbox, 'dawn.node': dawnNode })) {
    const one = [...results.values()].find(({ status }) => status !== 'lost');
    if (one === undefined) throw new EngineError(`nothing was compared: ${name} lost every case`);
  }
  return unexplained.length > 0 ? 1 : 0;
}

/** Which checkout it is, where a file beside it says (scripts/cts.mjs), or git knows its commit. */
function versionOf(checkout: string): string | null {
  const beside = path.join(checkout, '../version.txt');
  if (existsSync(beside)) return readFileSync(beside, 'utf8').trim();
  try {
    return execFileSync('git', ['-C', checkout, 'rev-parse', 'HEAD'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return null;
  }
}
