/**
 * Makes a machine able to build and check this package: installs the Debian packages and npm packages that are
 * missing. Where it may not (no root, no apt-get, `--dry-run`), it says what it would install and how.
 *
 *   node scripts/setup.mjs [--dry-run] [--checks]
 *
 * `--checks` adds what only lint and verify need. Runs before anything is installed, so it imports Node's own
 * modules alone.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Steps, isProgram, root, run } from './steps.mjs';

/**
 * A program that must be on the PATH, any of `commands`, and the Debian package that brings it.
 * `use`: what needs it.
 * @typedef {{commands: readonly string[], debian: string, why: string, use: 'build' | 'checks' | 'deb'}} Tool
 */

/** @type {readonly Tool[]} */
export const TOOLS = [
  { commands: ['cmake'], debian: 'cmake', why: 'describes the build of the addon', use: 'build' },
  { commands: ['g++'], debian: 'g++', why: 'compiles the addon', use: 'build' },
  {
    commands: ['ninja', 'make'],
    debian: 'ninja-build',
    why: 'runs the build of the addon',
    use: 'build',
  },
  { commands: ['clang-format'], debian: 'clang-format', why: 'formats native/', use: 'checks' },
  { commands: ['clang-tidy'], debian: 'clang-tidy', why: 'lints native/', use: 'checks' },
  { commands: ['systemd-analyze'], debian: 'systemd', why: 'checks the units', use: 'checks' },
  {
    commands: ['dpkg-shlibdeps'],
    debian: 'dpkg-dev',
    why: 'finds what the Debian package depends on',
    use: 'deb',
  },
  { commands: ['strip'], debian: 'binutils', why: 'takes symbols out of the Debian package', use: 'deb' },
];

/**
 * The tools that are missing.
 * @param {{checks: boolean, deb?: boolean, tools?: readonly Tool[], isOnPath?: (command: string) => boolean}} options
 */
export function missingTools({ checks, deb = false, tools = TOOLS, isOnPath = onPath }) {
  const wanted = { build: true, checks, deb };
  return tools.filter((tool) => wanted[tool.use] && !tool.commands.some(isOnPath));
}

/** @param {string} command */
function onPath(command) {
  return (process.env.PATH ?? '').split(path.delimiter).some((directory) => {
    try {
      accessSync(path.join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {readonly Tool[]} missing */
export function installCommand(missing) {
  return `apt-get install -y --no-install-recommends ${missing.map((tool) => tool.debian).join(' ')}`;
}

/**
 * Why node_modules does not fit package-lock.json, or null when it does. npm writes what it installed into
 * node_modules/.package-lock.json; a package that is optional may be absent there.
 * @param {string} checkout
 * @returns {string | null}
 */
export function staleModules(checkout) {
  const wanted = readLock(path.join(checkout, 'package-lock.json'));
  const installed = readLock(path.join(checkout, 'node_modules/.package-lock.json'));
  if (installed === null) return 'node_modules: not installed';
  if (wanted === null) return 'package-lock.json: missing';
  for (const [name, entry] of Object.entries(wanted)) {
    if (name === '') continue;
    const version = installed[name]?.version;
    if (version === undefined && entry.optional) continue;
    if (version !== entry.version) return `${name}: ${version ?? 'none'} installed, ${entry.version} wanted`;
  }
  return null;
}

/**
 * @param {string} file
 * @returns {Record<string, {version: string, optional?: boolean}> | null}
 */
function readLock(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : null;
}

/**
 * Why this Node will not do, or null when it does: compilers and npm would say it late, and in other words.
 * @param {string} [version]
 * @returns {string | null}
 */
export function unfitNode(version = process.versions.node) {
  const { engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const least = /^>=(\d+\.\d+)$/.exec(engines.node)?.[1];
  if (least === undefined) throw new Error(`package.json: engines.node: expected >=N.N, got ${engines.node}`);
  const [major = 0, minor = 0] = least.split('.').map(Number);
  const [itsMajor = 0, itsMinor = 0] = version.split('.').map(Number);
  const isFit = itsMajor > major || (itsMajor === major && itsMinor >= minor);
  return isFit ? null : `Node ${least} or later expected, this is ${version}`;
}

export const NPM_ARGUMENTS = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];

/**
 * @param {Steps} steps
 * @param {{dryRun: boolean, checks: boolean, deb?: boolean}} options `deb`: and what makes the Debian package
 */
export async function setUp(steps, { dryRun, checks, deb = false }) {
  const unfit = unfitNode();
  if (unfit !== null) {
    console.error(unfit);
    process.exit(1);
  }
  const missing = missingTools({ checks, deb });
  const stale = staleModules(root);
  const mayInstall = !dryRun && process.getuid?.() === 0 && onPath('apt-get');

  if (missing.length > 0 && !mayInstall) {
    console.log('Missing on this machine:');
    for (const tool of missing) console.log(`  ${tool.commands.join(' or ')}, which ${tool.why}`);
    console.log(`On Debian, as root, this installs them:\n  ${installCommand(missing)}`);
  }
  if (stale && dryRun)
    console.log(`${stale}\nThis installs what is missing:\n  npm ${NPM_ARGUMENTS.join(' ')}`);
  if (dryRun) {
    if (missing.length === 0 && !stale) console.log('Nothing is missing.');
    return;
  }
  if (missing.length > 0) {
    if (!mayInstall) process.exit(1);
    await steps.must(`apt: ${missing.map((tool) => tool.debian).join(' ')}`, () => installTools(missing));
  }
  if (stale) await steps.must('npm packages', () => run('npm', NPM_ARGUMENTS).then(() => ''));
}

/** @param {readonly Tool[]} missing */
async function installTools(missing) {
  const [command, ...args] = /** @type {[string, ...string[]]} */ (installCommand(missing).split(' '));
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run(command, args, { env });
  } catch {
    // Usually a machine that has never fetched its package lists, or long ago.
    await run('apt-get', ['update'], { env });
    await run(command, args, { env });
  }
}

if (isProgram(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean', default: false },
      checks: { type: 'boolean', default: false },
    },
  });
  await setUp(new Steps(), { dryRun: values['dry-run'], checks: values.checks });
}
