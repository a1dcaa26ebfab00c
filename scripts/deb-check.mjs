/**
 * Checks the Debian package where it is meant to be: lintian, and a clean Debian into which it is installed, in which it
 * runs, first without and then under systemd, and from which it is removed and purged.
 *
 *   npm run deb:check [-- --deb FILE] [--skip lintian,reproducible,boot]
 *
 * Without --deb it builds the package. Needs root, a network at first (debootstrap, lintian; kept in .cache/deb-check/)
 * and, for systemd, a cgroup2.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildDeb } from './build-deb.mjs';
import { checkService } from './deb/check-service.mjs';
import { checkPrograms, checkRemoval, fileList } from './deb/check-installed.mjs';
import { copySystem, freshFolder, inside, systemWith } from './deb/debian-root.mjs';
import { Steps } from './steps.mjs';

const { values } = parseArgs({
  options: { deb: { type: 'string' }, skip: { type: 'string', default: '' } },
});
const skipped = values.skip.split(',').filter(Boolean);
const PARTS = ['lintian', 'reproducible', 'boot'];
const unknown = skipped.find((part) => !PARTS.includes(part));
if (unknown !== undefined) {
  console.error(`--skip: expected some of ${PARTS.join(', ')}, got ${unknown}`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error('npm run deb:check: only root can make a Debian system in a folder');
  process.exit(1);
}

const steps = new Steps();
const work = mkdtempSync(path.join(tmpdir(), 'dcp-deb-check-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));

const deb = values.deb ?? (await buildDeb({ output: work, compression: 1, steps }));
if (!skipped.includes('reproducible') && values.deb === undefined) {
  const again = await buildDeb({ output: path.join(work, 'again'), compression: 1, steps });
  await steps.step('the same bytes twice', () => assert.equal(digestOf(again), digestOf(deb)));
}

let clean = '';
await steps.must('a clean Debian', async () => {
  clean = await systemWith('debian', ['systemd']);
});
if (!skipped.includes('lintian')) await steps.step('lintian', checkLintian);

const system = freshFolder('installed');
/** @type {string[]} */
let before = [];
await steps.must('install', async () => {
  await copySystem(clean, system);
  before = fileList(system);
  cpSync(deb, path.join(system, 'package.deb'));
  await inside(system, ['apt-get', '--yes', 'install', '/package.deb'], { timeoutMs: 300_000 });
});
await steps.step('programs, as user dcp', () => checkPrograms(system));
if (!skipped.includes('boot')) await steps.step('service under systemd', () => checkService(system));
await steps.step('remove, purge', () => checkRemoval(system, before));
rmSync(system, { recursive: true, force: true });
process.exit(steps.failed ? 1 : 0);

/** No error and no warning that is not overridden, and no override that nothing needs. */
async function checkLintian() {
  const lintian = await systemWith('lintian', ['lintian'], clean);
  cpSync(deb, path.join(lintian, 'package.deb'));
  const args = ['--allow-root', '--display-info', '--show-overrides', '/package.deb'];
  const output = await inside(lintian, ['lintian', ...args], { timeoutMs: 600_000 }).catch((error) => {
    // It ends with 2 where it has found errors.
    if (typeof error.output !== 'string' || error.output === '') throw error;
    return /** @type {string} */ (error.output);
  });
  const lines = output.split('\n');
  const found = lines.filter((line) => /^[EW]: /.test(line) || line.includes('mismatched-override'));
  assert.deepEqual(found, []);
  const overridden = lines.filter((line) => line.startsWith('O: ')).map((line) => line.split(' ')[2]);
  assert.ok(overridden.length > 0, 'lintian says nothing of what is overridden: did it look at all?');
  return `${overridden.length} findings overridden: ${[...new Set(overridden)].join(', ')}`;
}

/** @param {string} file */
function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
