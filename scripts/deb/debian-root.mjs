/** Debian systems in folders of `.cache/deb-check/`, made once by debootstrap, for checks that change a copy. Needs root. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run } from '../steps.mjs';

const CACHE = path.join(root, '.cache/deb-check');
const SUITE = 'bookworm';
const MIRROR = process.env.DCP_DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';

/** How long downloads and installations may take, milliseconds. */
const INSTALL_MS = 900_000;

const APT = ['apt-get', '--yes', '--quiet', '--no-install-recommends'];

/**
 * A minimal system with some packages more. Answers its folder, which is not to be changed.
 * @param {string} name
 * @param {readonly string[]} packages
 * @param {string} [base] the system that it is a copy of; default: what debootstrap makes
 */
export async function systemWith(name, packages, base) {
  const folder = path.join(CACHE, name);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(path.join(CACHE, `${name}-`));
  const system = path.join(work, 'root');
  try {
    if (base === undefined) await debootstrap(work, system);
    else await copySystem(base, system);
    // Nothing is started in a folder.
    const policy = path.join(system, 'usr/sbin/policy-rc.d');
    writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    await run('cp', ['/etc/resolv.conf', path.join(system, 'etc/resolv.conf')]);
    await inside(system, [...APT, 'install', ...packages], { timeoutMs: INSTALL_MS });
    rmSync(policy);
    renameSync(system, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

/** @param {string} work @param {string} system */
async function debootstrap(work, system) {
  // apt drops to a user of its own where it may, and that user cannot write here.
  await run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', 'debootstrap'], { cwd: work });
  const archive = readdirSync(work).find((file) => file.startsWith('debootstrap_'));
  if (archive === undefined) throw new Error('apt-get downloaded no debootstrap');
  const tool = path.join(work, 'tool');
  await run('dpkg-deb', ['-x', path.join(work, archive), tool]);
  await run(path.join(tool, 'usr/sbin/debootstrap'), ['--variant=minbase', SUITE, system, MIRROR], {
    env: { ...process.env, DEBOOTSTRAP_DIR: path.join(tool, 'usr/share/debootstrap') },
    timeoutMs: INSTALL_MS,
  });
}

/** @param {string} from @param {string} to a folder that is not there yet */
export async function copySystem(from, to) {
  await run('cp', ['--archive', '--reflink=auto', from, to]);
}

/** An empty place for a copy. @param {string} name */
export function freshFolder(name) {
  const folder = path.join(CACHE, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  return folder;
}

/**
 * Runs a command in a system, in processes of its own: none of them outlives it.
 * @param {string} system
 * @param {readonly string[]} command
 * @param {{timeoutMs?: number}} [options]
 */
export function inside(system, command, { timeoutMs = 120_000 } = {}) {
  const proc = path.join(system, 'proc');
  return run(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${proc}`, 'chroot', system, ...command],
    { env: { ...ENVIRONMENT }, timeoutMs },
  );
}

/** Nothing of the environment of whoever runs the check. */
export const ENVIRONMENT = Object.freeze({
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
});
