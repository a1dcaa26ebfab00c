/**
 * Which tests there are, and how each suite is run. A suite is a folder of test/; its tests are `*.test.ts`
 * (compiled to dist-test/) or, for tests of these scripts, `*.test.mjs`.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { runningMajor } from './nodes.mjs';
import { root } from './steps.mjs';

/**
 * How one folder of test/ is run; a folder not named here gets `DEFAULT_SUITE`. Files of all suites run side by side, on
 * more lanes than there are cores, because most of them wait more than they compute.
 * @typedef {object} Suite
 * @property {number} timeoutMs for one test file, which is then killed and counts as failed.
 * @property {RegExp} [alone] names of files beside which no other runs: they measure time, memory or threads closely, or
 *   take every core there is. Default: none.
 * @property {boolean} [long] begun before the others, so that none of its files is what all wait for at the end.
 * @property {readonly Variant[]} [variants] what its tests are run with, one after another; default: once, with nothing more.
 *
 * @typedef {object} Variant
 * @property {string} label shown behind the file's name.
 * @property {Readonly<Record<string, string>>} env
 * @property {(file: string, major: number) => boolean} wanted whether a file is run so, on this Node major.
 */

/** Tests that look inside one host: they have nothing to say of the others. */
const CHILD_HOST_TESTS = /[/]child-/;
const REMOTE_HOST_TESTS = /[/]remote-/;
const IN_PROCESS_TESTS = /[/](thread-endings|frames|forged-prelude)[.]/;
/** What goes over a socket pair or a connection: of the whole contract that alone is for every way in which processes are reached, and every major. */
const CONVERSATION_TESTS = /(^|[/])(slices|messages)[.]/;

/**
 * One contract, three hosts: test/evaluator/support.ts reads the variable. A child process has the other host inside: on
 * other Node majors the contract is seen through it alone, but for how things end.
 */
const CHILD_HOST = { label: ' (child process)', env: { DCP_TEST_EVALUATOR: 'child' } };
const REMOTE_HOST = { label: ' (standing evaluator)', env: { DCP_TEST_EVALUATOR: 'remote' } };
const IN_PROCESS_HOST = { label: '', env: {} };

/** What a peer's bytes do, and what goes on around an evaluator, has nothing to do with which words of DCP's it speaks. */
const ONE_GENERATION_TESTS = /[/](evaluator-manager|host|lines|peers|python)[.]/;

/** The major that shows, beside the running one, all that depends on V8 and on Node. */
const FULL_MAJOR = 24;

/** @param {string} file @param {number} major */
function wantedInProcess(file, major) {
  return major === runningMajor || endsSomething(file) || IN_PROCESS_TESTS.test(file);
}

/**
 * How an evaluator lives in processes of its own, and ends with them, is JavaScript and the kernel: it is seen on the running major. What V8
 * and Node do at an end shows in one process.
 * @param {string} file
 * @param {number} major
 */
function wantedInChild(file, major) {
  if (IN_PROCESS_TESTS.test(file)) return false;
  if (major === runningMajor || CONVERSATION_TESTS.test(file)) return true;
  return major === FULL_MAJOR && !CHILD_HOST_TESTS.test(file) && !endsSomething(file);
}

/** @param {string} file */
function endsSomething(file) {
  return ENDING_TESTS.test(path.basename(file));
}

/** @type {readonly Variant[]} */
const ONCE = [{ label: '', env: {}, wanted: () => true }];

/** @type {Suite} */
const DEFAULT_SUITE = { timeoutMs: 180_000 };

/** @type {Readonly<Record<string, Suite>>} */
const SUITES = {
  evaluator: {
    timeoutMs: 240_000,
    alone: /^(leaks|limits-memory|sharing|thread-endings|timers)[.]/,
    variants: [
      {
        ...IN_PROCESS_HOST,
        wanted: (file, major) =>
          !CHILD_HOST_TESTS.test(file) && !REMOTE_HOST_TESTS.test(file) && wantedInProcess(file, major),
      },
      {
        ...CHILD_HOST,
        wanted: (file, major) => wantedInChild(file, major) && !REMOTE_HOST_TESTS.test(file),
      },
      {
        ...REMOTE_HOST,
        wanted: (file, major) =>
          major === runningMajor && (REMOTE_HOST_TESTS.test(file) || CONVERSATION_TESTS.test(file)),
      },
    ],
  },
  isolation: {
    timeoutMs: 240_000,
    variants: [
      { ...IN_PROCESS_HOST, wanted: wantedInProcess },
      { ...CHILD_HOST, wanted: wantedInChild },
    ],
  },
  gpu: {
    timeoutMs: 240_000,
    alone: /^(endings|limits|waiting)[.]/,
    variants: [
      { ...IN_PROCESS_HOST, wanted: wantedInProcess },
      { ...CHILD_HOST, wanted: wantedInChild },
    ],
  },
  webgpu: { timeoutMs: 240_000, long: true },
  confinement: { timeoutMs: 240_000 },
  limits: { timeoutMs: 180_000, alone: /^lost-thread[.]/ },
  campaign: { timeoutMs: 240_000, alone: /./ },
  conformance: { timeoutMs: 300_000, long: true },
  supervisor: { timeoutMs: 240_000 },
  soak: { timeoutMs: 240_000, alone: /./ },
  dashboard: { timeoutMs: 240_000 },
  examples: { timeoutMs: 240_000, long: true },
  scheduler: { timeoutMs: 180_000, alone: /^(payloads|processes|store)[.]/ },
  status: { timeoutMs: 240_000 },
  cli: { timeoutMs: 300_000, long: true },
  // They make load, and look at it.
  manager: { timeoutMs: 180_000, alone: /^machine[.]/ },
  // One contract, two generations of DCP's own programs: test/classic/support/generation.ts reads the variable. The elder
  // one is of the days of Node 20 and 22; 26 does not load it (its yargs has CommonJS where Node expects a module).
  classic: {
    timeoutMs: 240_000,
    long: true,
    variants: ['5', '4'].map((generation) => ({
      label: ` (DCP ${generation})`,
      env: { DCP_TEST_CLASSIC_GENERATION: generation },
      wanted: (file, major) =>
        generation === '5' || (major === runningMajor && major <= 22 && !ONE_GENERATION_TESTS.test(file)),
    })),
  },
};

/** The suites that touch the addon or hold the contract of what runs on it. They run under AddressSanitizer, too. */
export const NATIVE_SUITES = Object.freeze([
  'native',
  'evaluator',
  'gpu',
  'webgpu',
  'limits',
  'isolation',
  'environment',
  'codec',
  'classic',
  'confinement',
  'system',
]);

/**
 * Tests that end threads and processes at random moments: their file names have this word in them. They run on
 * every supported Node major, because how a thread ends is where the majors differ most.
 */
const ENDING_TESTS = /(^|[-.])(ending|endings|exit|exits)[-.]/;

/**
 * What a Node major beside the running one has to show: how things end, and that processes understand each other. `FULL_MAJOR` shows all
 * that depends on V8 and on Node, but for what only computes in JavaScript and conversations with each of DCP's programs.
 * @param {number} major
 * @param {string} suite
 * @param {string} file
 */
export function wantedOn(major, suite, file) {
  if (!NATIVE_SUITES.includes(suite)) return false;
  if (ENDING_TESTS.test(file) || (suite === 'evaluator' && CONVERSATION_TESTS.test(file))) return true;
  if (major !== FULL_MAJOR || suite === 'codec') return false;
  return suite !== 'classic' || file.startsWith('conversation.');
}

/**
 * One test file, to be run once.
 * @typedef {object} TestRun
 * @property {string} file relative to the checkout.
 * @property {string} label what distinguishes it from other runs of the file.
 * @property {Readonly<Record<string, string>>} env
 * @property {number} timeoutMs
 * @property {boolean} alone no other may run beside it.
 * @property {boolean} long
 */

/**
 * What is to be run on a Node major.
 * @param {number} major
 * @param {(suite: string, file: string) => boolean} [wanted]
 * @returns {TestRun[]}
 */
export function testRuns(major, wanted) {
  /** @type {TestRun[]} */
  const runs = [];
  for (const [name, files] of testFiles(wanted)) {
    const { timeoutMs, alone, long = false, variants = ONCE } = SUITES[name] ?? DEFAULT_SUITE;
    for (const { label, env, wanted: has } of variants)
      for (const file of files.filter((candidate) => has(candidate, major)))
        runs.push({ file, label, env, timeoutMs, alone: alone?.test(path.basename(file)) ?? false, long });
  }
  return runs;
}

/**
 * The test files of each suite as they are run. Found by their sources: a compiled test whose source is gone does
 * not run.
 * @param {(suite: string, file: string) => boolean} [wanted]
 * @returns {Map<string, string[]>} paths relative to the checkout
 */
export function testFiles(wanted = () => true) {
  const folder = path.join(root, 'test');
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const name of readdirSync(folder, { recursive: true }).map(String).sort()) {
    // The packages in test/compat/ have tests of their own.
    if (!/\.test\.(ts|mjs)$/.test(name) || name.startsWith('compat')) continue;
    const suite = name.includes(path.sep) ? /** @type {string} */ (name.split(path.sep)[0]) : 'other';
    if (!wanted(suite, path.basename(name))) continue;
    const file = name.endsWith('.ts')
      ? path.join('dist-test', name.replace(/ts$/, 'js'))
      : path.join('test', name);
    found.set(suite, [...(found.get(suite) ?? []), file]);
  }
  return found;
}
