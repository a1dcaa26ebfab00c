/**
 * Everything that has to hold before a change is taken: sets up, builds, tests on the running Node, then tests the native
 * and contract suites on the other supported Node majors. It lints, and builds for the other majors, while the last tests
 * on the running one run one by one, which leaves cores idle.
 *
 *   npm run verify [-- --only lint,unit,node24 | --skip lint]
 *
 * The last line is `N passed, N failed`: the tests of all majors; a step that is not a test (a build, a lint) and fails
 * counts as one failure.
 */
import { parseArgs } from 'node:util';
import { buildNative, buildPage, buildPrelude, buildTests, buildTypeScript } from './build.mjs';
import { CHECKS } from './checks.mjs';
import { ensureChromium, ensurePromtool } from './chromium.mjs';
import { ensureExistingPrograms } from './compat.mjs';
import { ensureDbus } from './dbus.mjs';
import { ensureFaketime } from './faketime.mjs';
import { ensureLogServers } from './log-servers.mjs';
import { buildDirectoryOf, ensureNode, runningMajor, supportedMajors } from './nodes.mjs';
import { addCounts, noTests, runSuites, summary } from './run-tests.mjs';
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
if (wanted('build')) {
  heading('Build');
  await counted('addon', () => buildNative({ tests: true, once: true }));
  await counted('typescript', buildTypeScript);
  await counted('sandbox prelude', buildPrelude);
  await counted("the Worker's page", buildPage);
  await counted('tests and benchmarks', buildTests);
}
/** The Nodes that there is an addon for. @type {Map<number, string>} */
const nodes = new Map();
if (wanted('unit'))
  await tests(`Tests on Node ${process.versions.node}`, 'tests', {
    env: softwareGpuEnvironment(),
    meanwhile: () => besideTests(1),
  });
else await besideTests();
for (const major of otherMajors) await testOn(major);

console.log(`\nDurations\n${steps.table()}\n`);
console.log(summary(counts));
process.exit(counts.failed > 0 ? 1 : 0);

/**
 * What no test of this Node waits for: the checks, and the addons for other Nodes.
 * @param {number} [lanes] checks side by side
 */
async function besideTests(lanes) {
  if (wanted('lint')) heading('Lint and check');
  await Promise.all([
    sideBySide(wanted('lint') ? CHECKS : [], (check) => counted(check.name, check.run), lanes),
    sideBySide(otherMajors, (major) => buildFor(major), 1),
  ]);
}

/** @param {number} major */
async function buildFor(major) {
  if (!wanted(`node${major}`)) return;
  let node = '';
  const directory = buildDirectoryOf(major);
  const ready =
    (await counted(`node ${major}`, async () => {
      node = await ensureNode(major);
    })) &&
    (await counted(`addon for Node ${major}`, () =>
      buildNative({ node, directory, tests: true, once: true }),
    ));
  if (ready) nodes.set(major, node);
}

/**
 * Runs the suites that depend on the major on another Node than the running one, if there is an addon for it.
 * @param {number} major
 */
async function testOn(major) {
  const node = nodes.get(major);
  if (node === undefined) return;
  const directory = buildDirectoryOf(major);
  await tests(`Tests on Node ${major}`, `tests, Node ${major}`, {
    node,
    major,
    env: { ...softwareGpuEnvironment(), DCP_NATIVE_BUILD_DIR: directory },
    wanted: (suite, file) => wantedOn(major, suite, file),
  });
}

/**
 * Runs suites as one step, whose tests are counted one by one.
 * @param {string} title
 * @param {string} name
 * @param {Parameters<typeof runSuites>[0]} options
 */
async function tests(title, name, options) {
  heading(title);
  const start = performance.now();
  const sum = await runSuites(options);
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
