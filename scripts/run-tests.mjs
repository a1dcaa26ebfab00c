/**
 * Runs test files, each in a process of its own under a time limit of its own, and adds up what they report.
 * `node --test` is not used because on newer Node majors its time limit leaves a file that hangs in native code
 * running for ever, and because a crash while the process ends has to be seen per file.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runningMajor } from './nodes.mjs';
import { CommandError, root, run } from './steps.mjs';
import { suiteNamed, testFiles } from './suites.mjs';

/** @typedef {import('./test-reporter.mjs').Counts} Counts */

/** @returns {Counts} */
export function noTests() {
  return { passed: 0, failed: 0, skipped: 0, failures: [], ended: false };
}

/** @param {Counts} sum @param {Counts} more */
export function addCounts(sum, more) {
  sum.passed += more.passed;
  sum.failed += more.failed;
  sum.skipped += more.skipped;
  sum.failures.push(...more.failures);
}

/**
 * Runs one test file and answers its counts; `log` is what to show of it, empty when all went well. It counts as one more
 * failure when the process ends badly or late without a test that failed, and when there is no test in it.
 * @param {string} file
 * @param {{node: string, timeoutMs: number, env: NodeJS.ProcessEnv}} options
 * @returns {Promise<{counts: Counts, log: string}>}
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

  if (ending && counts.failed === 0) fail(counts, ending);
  else if (!ending && counts.failed > 0) log = 'a test failed, but the process ended with exit code 0';
  else if (!ending && counts.passed + counts.skipped === 0) fail(counts, 'no test in this file');
  else if (!ending && !counts.ended) fail(counts, 'exited before all tests had run');
  counts.failures = counts.failures.map((name) => `${file}: ${name}`);
  return { counts, log: counts.failed > 0 ? `${log}\n(${ending || 'exit code 0'})` : '' };
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
    return noTests();
  }
}

/**
 * Runs the suites, one after another, and prints one line a file.
 * @param {{node?: string, env?: NodeJS.ProcessEnv, major?: number, wanted?: (suite: string, file: string) => boolean, slowdown?: number}} options
 *   `major` is that of `node`, `wanted` selects files, `slowdown` stretches the time limits.
 * @returns {Promise<Counts>}
 */
export async function runSuites({
  node = process.execPath,
  major = runningMajor,
  env = process.env,
  wanted,
  slowdown = 1,
}) {
  const sum = noTests();
  for (const [name, files] of testFiles(wanted)) {
    const suite = suiteNamed(name);
    const runs = suite.variants ?? [{ label: '', env: {}, wanted: () => true }];
    const queue = runs.flatMap(({ label, env: more, wanted: has }) =>
      files.filter((file) => has(file, major)).map((file) => ({ file, label, env: { ...env, ...more } })),
    );
    const runQueue = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { file, label } = next;
        const start = performance.now();
        const timeoutMs = suite.timeoutMs * slowdown;
        const { counts, log } = await runTestFile(file, { node, env: next.env, timeoutMs });
        const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
        const mark = counts.failed > 0 ? '✗' : '✓';
        const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
        const failed = counts.failed > 0 ? `, ${counts.failed} failed` : '';
        console.log(
          `  ${mark} ${(shortName(file) + label).padEnd(52)} ${seconds} s   ${counts.passed} passed${failed}${skipped}`,
        );
        if (log) console.log(`\n${log.replace(/^/gm, '    ')}\n`);
        addCounts(sum, counts);
      }
    };
    await Promise.all(Array.from({ length: suite.concurrency }, runQueue));
  }
  return sum;
}

/** @param {string} file */
function shortName(file) {
  return file.replace(/^(dist-test|test)\//, '').replace(/\.test\.m?js$/, '');
}

/** What failed, by name, and the one line that everything is summed up in. @param {Counts} counts */
export function summary(counts) {
  const failures = counts.failures.map((name) => `  ✗ ${name}\n`).join('');
  const skipped = counts.skipped > 0 ? `${counts.skipped} skipped\n` : '';
  return `${failures && `Failed:\n${failures}`}${skipped}${counts.passed} passed, ${counts.failed} failed`;
}
