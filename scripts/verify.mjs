/**
 * Everything that has to hold before a change is taken: sets up, builds, tests on the running Node, then tests the native
 * and contract suites on the other supported Node majors. Tests that run one by one leave cores idle: beside those on the
 * running Node it builds for the others, and from then on it lints.
 *
 *   npm run verify [-- --only lint,unit,node24 | --skip lint]
 *
 * The last line is `N passed, N failed`: the tests of all majors; a step that is not a test (a build, a lint) and fails
 * counts as one failure.
 */
import { parseArgs } from 'node:util';
import { SCRIPTS, buildNative, buildTests } from './build.mjs';
import { CHECKS } from './checks.mjs';
import { ensureChromium, ensurePromtool } from './chromium.mjs';
import { ensureExistingPrograms } from './compat.mjs';
import { ensureDbus } from './dbus.mjs';
import { ensureFaketime } from './faketime.mjs';
import { ensureLogServers } from './log-servers.mjs';
import { buildDirectoryOf, ensureNode, runningMajor, supportedMajors } from './nodes.mjs';
import { SECOND_RUNS, addCounts, noTests, runSuites, summary } from './run-tests.mjs';
import { setUp } from './setup.mjs';
import { ensureSoftwareGpu, softwareGpuEnvironment } from './software-gpu.mjs';
import { Steps, sideBySide } from './steps.mjs';
import { wantedOn } from './suites.mjs';
import { ensureTmux } from './tmux.mjs';

const otherMajors = supportedMajors.filter((major) => major !== runningMajor);
const PARTS = ['setup', 'build', 'lint', 'unit', ...otherMajors.map((major) => `node${major}`)];

const { values } = parseArgs({ options: { only: { type: 'string' }, skip: { type: 'string' } } });
const only = partsNamed(values.only);
const skip = partsNamed(values.skip);
const wanted = (/** @type {string} */ part) =>
  (only === null || only.includes(part)) && !skip?.includes(part);

const steps = new Steps();
const counts = noTests();

if (wanted('setup')) {
  heading('Set up');
  await setUp(steps, { dryRun: false, checks: true });
}
if (wanted('setup') || wanted('build')) {
  heading('Build, and fetch what tests need');
  // Fetching waits for the network, building for a core.
  await Promise.all([wanted('build') && build(), wanted('setup') && fetchForTests()]);
}
/** What there is an addon for besides. @type {import('./run-tests.mjs').Target[]} */
const others = [];
/** What goes on beside tests, until it is done. */
let checks = Promise.resolve();
if (wanted('unit')) {
  const target = { env: softwareGpuEnvironment() };
  await tests(`Node ${process.versions.node}`, [target], besides);
} else await besides();
if (others.length > 0) {
  const majors = otherMajors.filter((major) => wanted(`node${major}`));
  await tests(`Node ${majors.join(', ')}`, others);
}
await checks;

console.log(`\nDurations\n${steps.table()}\n`);
console.log(summary(counts));
process.exit(counts.failed > 0 ? 1 : 0);

async function build() {
  const scripts = async () => {
    for (const each of SCRIPTS) await counted(each.name, each.build);
    await counted('tests and benchmarks', buildTests);
  };
  // Where CI runs, nobody builds again.
  const once = process.env.CI === 'true';
  await Promise.all([counted('addon', () => buildNative({ tests: true, once })), scripts()]);
}

async function fetchForTests() {
  await steps.must('existing programs of DCP', ensureExistingPrograms);
  // Without them, and without a GPU, the tests that need one are skipped and say so.
  await steps.optional('software GPU', ensureSoftwareGpu);
  // The same holds for the tests of the page, and for one of the metrics.
  await steps.optional('Chromium', ensureChromium);
  await steps.optional('promtool', ensurePromtool);
  await steps.optional('log servers', ensureLogServers);
  await steps.optional('faketime', ensureFaketime);
  await steps.optional('tmux', ensureTmux);
  await steps.optional('dbus-daemon', ensureDbus);
}

/** What the tests on the running Node leave time for. Those on the others wait for what is built, not for checks. */
async function besides() {
  await buildForOthers();
  checks = check();
}

/** Everything that is held besides tests. */
async function check() {
  if (!wanted('lint')) return;
  heading('Lint and check');
  await sideBySide(CHECKS, ({ name, run }) => counted(name, run));
}

/** Builds the addon for the other majors, on which the suites run that depend on the major. */
async function buildForOthers() {
  for (const major of otherMajors) {
    if (!wanted(`node${major}`)) continue;
    let node = '';
    const directory = buildDirectoryOf(major);
    const ready =
      (await counted(`node ${major}`, async () => {
        node = await ensureNode(major);
      })) &&
      (await counted(`addon for Node ${major}`, () =>
        buildNative({ node, directory, tests: true, once: true }),
      ));
    if (!ready) continue;
    others.push({
      node,
      major,
      env: { ...softwareGpuEnvironment(), DCP_NATIVE_BUILD_DIR: directory },
      wanted: (suite, file) => wantedOn(major, suite, file),
      label: `, Node ${major}`,
    });
  }
}

/**
 * Runs suites as one step, whose tests are counted one by one.
 * @param {string} on
 * @param {Parameters<typeof runSuites>[0]} targets
 * @param {() => Promise<void>} [meanwhile]
 */
async function tests(on, targets, meanwhile = () => Promise.resolve()) {
  const name = `tests on ${on}`;
  heading(`Tests on ${on}`);
  const start = performance.now();
  const sum = await runSuites(targets, { meanwhile, secondRuns: SECOND_RUNS });
  // A selection that matches nothing would pass silently.
  if (sum.passed + sum.failed === 0) {
    sum.failed++;
    sum.failures.push(`${name}: no test ran`);
  }
  addCounts(counts, sum);
  const seconds = (performance.now() - start) / 1000;
  steps.records.push({ name, seconds, state: sum.failed > 0 ? 'failed' : 'ok', note: '' });
}

/** @param {string} name @param {() => unknown} work */
async function counted(name, work) {
  const ok = await steps.step(name, work);
  if (!ok) {
    counts.failed++;
    counts.failures.push(name);
  }
  return ok;
}

/** @param {string} text */
function heading(text) {
  console.log(`\n${text}`);
}

/** @param {string | undefined} list @returns {string[] | null} */
function partsNamed(list) {
  if (list === undefined) return null;
  const parts = list.split(',');
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) {
    console.error(`${unknown}: no such part of verify; there are ${PARTS.join(', ')}`);
    process.exit(2);
  }
  return parts;
}
