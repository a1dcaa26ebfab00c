/**
 * Runs test files, each in a process of its own under a time limit of its own, and adds up what they report.
 * `node --test` is not used because on newer Node majors its time limit leaves a file that hangs in native code
 * running for ever, and because a crash while the process ends has to be seen per file.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runningMajor } from './nodes.mjs';
import { CommandError, inSpareTime, jobs, root, run, sideBySide } from './steps.mjs';
import { testRuns } from './suites.mjs';

/** Test files side by side. They compute for a good third of their time, and wait for processes and timers for the rest. */
const LANES = Math.min(Math.ceil(jobs * 2.5), 8);

/**
 * Tests that fail beside others may have waited too long for a core. So many files get a second run, with nothing beside them, and
 * what passes in it is named in the summary; more than that is no accident.
 */
export const SECOND_RUNS = 3;

/** @typedef {import('./test-reporter.mjs').Counts} Counts */
/** @typedef {import('./suites.mjs').TestRun} TestRun */
/** What many files report. `unsteady`: tests that failed beside others and passed alone. @typedef {Counts & {unsteady: string[]}} Sum */

/** @returns {Counts} */
function noCounts() {
  return { passed: 0, failed: 0, skipped: 0, failures: [], ended: false, cpu: 0 };
}

/** @returns {Sum} */
export function noTests() {
  return { ...noCounts(), unsteady: [] };
}

/** @param {Sum} sum @param {Counts & {unsteady?: string[]}} more */
export function addCounts(sum, more) {
  sum.passed += more.passed;
  sum.failed += more.failed;
  sum.skipped += more.skipped;
  sum.failures.push(...more.failures);
  sum.unsteady.push(...(more.unsteady ?? []));
}

/**
 * Runs one test file and answers its counts; `log` is what to show of it, empty when all went well. It counts as one more
 * failure when the process ends badly or late without a test that failed, and when there is no test in it.
 * @param {string} file
 * @param {{node: string, timeoutMs: number, env: NodeJS.ProcessEnv}} options
 * @returns {Promise<{counts: Counts, log: string, broke: boolean}>} `broke`: it crashed, hung or left tests out, as no load can excuse.
 */
export async function runTestFile(file, options) {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  const countsFile = path.join(directory, 'counts.json');
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...options.env, DCP_TEST_COUNTS: countsFile };
  // A test that starts node:test again must not believe that it runs inside this one.
  delete env.NODE_TEST_CONTEXT;
  let log = '';
  let ending = '';
  try {
    await run(
      options.node,
      [
        '--enable-source-maps',
        `--test-reporter=${path.join(root, 'scripts/test-reporter.mjs')}`,
        '--test-reporter-destination=stdout',
        file,
      ],
      { env, timeoutMs: options.timeoutMs },
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    log = error.output.trimEnd();
    ending = error.message.slice(error.message.lastIndexOf(': ') + 2);
  }
  const counts = readCounts(countsFile);
  rmSync(directory, { recursive: true, force: true });

  const broke = ending !== 'exit code 1' || counts.failed === 0 || !counts.ended;
  if (ending && counts.failed === 0) fail(counts, ending);
  else if (!ending && counts.failed > 0) log = 'a test failed, but the process ended with exit code 0';
  else if (!ending && counts.passed + counts.skipped === 0) fail(counts, 'no test in this file');
  else if (!ending && !counts.ended) fail(counts, 'exited before all tests had run');
  counts.failures = counts.failures.map((name) => `${file}: ${name}`);
  return { counts, log: counts.failed > 0 ? `${log}\n(${ending || 'exit code 0'})` : '', broke };
}

/** @param {Counts} counts @param {string} name */
function fail(counts, name) {
  counts.failed++;
  counts.failures.push(name);
}

/** @param {string} file @returns {Counts} */
function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return noCounts();
  }
}

/**
 * What to run the suites on, and which. `major` is that of `node`, `wanted` selects files, `label` stands behind their names.
 * @typedef {{node?: string, env?: NodeJS.ProcessEnv, major?: number, wanted?: (suite: string, file: string) => boolean, label?: string}} Target
 */

/**
 * Runs the suites and prints one line a file, as they end: side by side what can be, then one after another what cannot.
 * @param {readonly Target[]} targets
 * @param {RunOptions} [options]
 * @returns {Promise<Sum>}
 */
export async function runSuites(targets, options) {
  const runs = targets
    .flatMap(({ node = process.execPath, major = runningMajor, env = process.env, wanted, label = '' }) =>
      testRuns(major, wanted).map((next) => ({
        ...next,
        node,
        env: { ...env, ...next.env },
        label: next.label + label,
      })),
    )
    .sort((one, other) => Number(other.long) - Number(one.long));
  return runFiles(runs, options);
}

/**
 * @typedef {Omit<TestRun, 'env'> & {node: string, env: NodeJS.ProcessEnv}} Run
 * @typedef {object} RunOptions
 * @property {number} [slowdown] stretches the time limits.
 * @property {() => Promise<void>} [meanwhile] done in the time that the files leave which run one after another.
 * @property {number} [secondRuns] up to so many files that failed are run again.
 */

/** @param {readonly Run[]} runs @param {RunOptions} [options] @returns {Promise<Sum>} */
export async function runFiles(runs, { slowdown = 1, meanwhile, secondRuns = 0 } = {}) {
  const sum = noTests();
  /** @type {{next: Run, counts: Counts}[]} */
  const failed = [];
  /** @param {Run} next */
  const runOnce = async ({ file, label, env, node, timeoutMs }) => {
    const start = performance.now();
    const { counts, log, broke } = await runTestFile(file, { node, env, timeoutMs: timeoutMs * slowdown });
    printResult(shortName(file) + label, (performance.now() - start) / 1000, counts, log);
    return { counts, broke };
  };
  /** @param {Run} next */
  const runOne = async (next) => {
    const { counts, broke } = await runOnce(next);
    if (counts.failed > 0 && !broke) failed.push({ next, counts });
    else addCounts(sum, counts);
  };
  await sideBySide(
    runs.filter(({ alone }) => !alone),
    runOne,
    LANES,
  );
  // Of two cores one of these leaves one idle, more or less.
  const done = meanwhile && inSpareTime(meanwhile);
  for (const next of runs) if (next.alone) await runOne(next);
  await done;

  const again = failed.length <= secondRuns;
  if (again && failed.length > 0) console.log('\nOnce more, with nothing beside them');
  for (const { next, counts } of failed) {
    const second = again ? (await runOnce(next)).counts : counts;
    addCounts(sum, second);
    if (second.failed === 0) sum.unsteady.push(...counts.failures);
  }
  return sum;
}

/** @param {string} name @param {number} seconds @param {Counts} counts @param {string} log */
function printResult(name, seconds, counts, log) {
  const mark = counts.failed > 0 ? '✗' : '✓';
  const failed = counts.failed > 0 ? `, ${counts.failed} failed` : '';
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const time = `${seconds.toFixed(1).padStart(6)} s ${counts.cpu.toFixed(0).padStart(4)} s CPU`;
  console.log(`  ${mark} ${name.padEnd(52)} ${time}   ${counts.passed} passed${failed}${skipped}`);
  if (log) console.log(`\n${log.replace(/^/gm, '    ')}\n`);
}

/** @param {string} file */
function shortName(file) {
  return file.replace(/^(dist-test|test)\//, '').replace(/\.test\.m?js$/, '');
}

/** What failed, by name, and the one line that everything is summed up in. @param {Sum} counts */
export function summary(counts) {
  const names = counts.unsteady.map((name) => `  ~ ${name}\n`).join('');
  const unsteady = names && `Failed beside others, passed alone:\n${names}`;
  const failures = counts.failures.map((name) => `  ✗ ${name}\n`).join('');
  const skipped = counts.skipped > 0 ? `${counts.skipped} skipped\n` : '';
  return `${unsteady}${failures && `Failed:\n${failures}`}${skipped}${counts.passed} passed, ${counts.failed} failed`;
}
