/** A folder with units in the places where the package puts them, for tools that look at a system from outside. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SYSTEM_FILES } from '../../scripts/deb/system-files.mjs';
import { root } from '../../scripts/steps.mjs';

const UNITS = 'lib/systemd/system';

/** Why units cannot be checked here, or false. */
export const noSystemd =
  spawnSync('systemd-analyze', ['--version']).status === 0
    ? false
    : 'systemd-analyze is missing: npm run setup -- --checks installs it';

/**
 * Our units, the targets of the machine's own systemd, which they refer to, and the programs that they start.
 * @param {import('node:test').TestContext} t
 */
export function stagedRoot(t) {
  const stage = mkdtempSync(path.join(tmpdir(), 'dcp-units-'));
  t.after(() => rmSync(stage, { recursive: true }));
  mkdirSync(path.join(stage, UNITS), { recursive: true });
  for (const name of readdirSync(path.join('/', UNITS)).filter((name) => name.endsWith('.target'))) {
    cpSync(path.join('/', UNITS, name), path.join(stage, UNITS, name), { dereference: true });
  }
  for (const [from, to] of SYSTEM_FILES) {
    cpSync(path.join(root, 'packaging', from), path.join(stage, to), { recursive: true });
  }
  // That they are there and may be run is all that is looked at.
  for (const program of [
    'usr/bin/dcp-worker',
    'usr/bin/dcp-evaluator-start',
    'usr/bin/dcp-evaluator-manager',
    'bin/sh',
  ]) {
    mkdirSync(path.dirname(path.join(stage, program)), { recursive: true });
    writeFileSync(path.join(stage, program), '', { mode: 0o755 });
  }
  return stage;
}

/** @param {string} stage @param {string} unit such as `dcp-worker@one.service` @param {string} file a drop-in */
export function addDropIn(stage, unit, file) {
  const folder = path.join(stage, UNITS, `${unit}.d`);
  mkdirSync(folder, { recursive: true });
  cpSync(file, path.join(folder, path.basename(file)));
}

/**
 * What `systemd-analyze verify` complains of; empty when all is well.
 * @param {string} stage
 * @param {string} unit
 */
export function complaintsOf(stage, unit) {
  const args = [
    'verify',
    '--man=no',
    '--recursive-errors=no',
    `--root=${stage}`,
    path.join(stage, UNITS, unit),
  ];
  const { status, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return status === 0 && stderr === '' ? '' : `${stderr}exit code ${status}`;
}

/**
 * The exposure, 0 (none) to 10, and what adds to it.
 * @param {string} stage
 * @param {string} unit
 */
export function exposureOf(stage, unit) {
  const args = ['security', '--offline=true', '--no-pager', `--root=${stage}`, path.join(stage, UNITS, unit)];
  const { stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  const score = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
  if (score === undefined) throw new Error(`systemd-analyze security: no score in ${stdout}${stderr}`);
  return { score: Number(score), open: stdout.split('\n').filter((line) => line.startsWith('✗')) };
}
