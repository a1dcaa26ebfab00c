/** What an installed package is checked for where no systemd runs: programs, users, modes, removal. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inside } from './debian-root.mjs';
import { PACKAGE } from './system-files.mjs';

/** Whose contents come and go with any package, and where nothing of ours may be left, see `checkRemoval`. */
const NOT_OURS = /^\/(proc|sys|dev|run|tmp|var\/(cache|log|tmp)|var\/lib\/(apt|dpkg|systemd)|root)(\/|$)/;

/** Squares, in Slices that need a process of their own, as existing users write Jobs. */
const SQUARES = `export default (compute) => compute.for(1, 5, (n) => n * n);\n`;

/** Everything in a system that a package may have put there. @param {string} system */
export function fileList(system) {
  return readdirSync(system, { recursive: true })
    .map((name) => `/${name}`)
    .filter((name) => !NOT_OURS.test(name))
    .sort();
}

/** @param {string} system */
export async function checkPrograms(system) {
  const asDcp = (/** @type {string} */ command) =>
    inside(system, [
      'su',
      'dcp',
      '-s',
      '/bin/sh',
      '-c',
      `export DCP_SCHEDULER_DIR=/var/lib/dcp/scheduler; ${command}`,
    ]);

  for (const program of [
    'dcp-worker',
    'dcp-job',
    'dcp-evaluator',
    'dcp-evaluator-start',
    'dcp-evaluator-manager',
  ]) {
    assert.match(await asDcp(`${program} --help`), new RegExp(`^Usage: ${program} `));
  }
  assert.match(await inside(system, ['id', 'dcp']), /groups=.*\(dcp\).*\(video\).*\(render\)/);
  const modeOf = (/** @type {string} */ file) =>
    (statSync(path.join(system, file)).mode & 0o7777).toString(8);
  assert.equal(modeOf('/var/lib/dcp/scheduler'), '2770');
  assert.equal(modeOf('/var/lib/dcp/.dcp'), '700');
  assert.equal(modeOf('/etc/dcp/dcp-worker'), '750');
  assert.equal(modeOf('/etc/dcp/dcp-worker/dcp-config.js'), '640');

  writeFileSync(path.join(system, 'squares.mjs'), SQUARES);
  const results = await asDcp(`
    dcp-job run /squares.mjs & job=$!
    until dcp-job ls --json | grep -q .; do sleep 0.2; done
    dcp-worker --exit-when-idle --cores 2 >&2
    wait $job`);
  assert.match(results, /^1\n4\n9\n16\n25$/m);
  return 'squares of 5 numbers';
}

/**
 * Removes and then purges. Configuration outlives the first, keystores the second.
 * @param {string} system
 * @param {readonly string[]} before `fileList` of the system before it was installed
 */
export async function checkRemoval(system, before) {
  const config = path.join(system, 'etc/dcp/dcp-worker/dcp-config.js');
  const keystore = path.join(system, 'var/lib/dcp/.dcp/default.keystore');
  appendFileSync(config, '/* ours */\n');
  writeFileSync(keystore, '{}');

  await inside(system, ['apt-get', '--yes', 'remove', PACKAGE]);
  assert.match(readFileSync(config, 'utf8'), /ours/);
  assert.ok(existsSync(path.join(system, 'var/lib/dcp/scheduler/data.mdb')), 'Jobs outlive a removal');
  assert.ok(!existsSync(path.join(system, 'usr/bin/dcp-worker')));

  const output = await inside(system, ['apt-get', '--yes', 'purge', PACKAGE]);
  assert.match(output, /keystores are left in \/var\/lib\/dcp\/\.dcp/);
  const left = fileList(system).filter((name) => !before.includes(name));
  // The second one is the identity that the Worker has made.
  const keystores = ['/var/lib/dcp/.dcp/default.keystore', '/var/lib/dcp/.dcp/id.keystore'];
  const kept = ['/var/lib/dcp', '/var/lib/dcp/.dcp', ...keystores];
  assert.deepEqual(
    left.filter((name) => !OF_THE_CHECK.test(name)),
    kept,
  );
  const logs = readdirSync(path.join(system, 'var/log'), { recursive: true }).map(String);
  assert.deepEqual(
    logs.filter((name) => /^dcp/.test(name)),
    [],
  );
  assert.match(readFileSync(path.join(system, 'etc/passwd'), 'utf8'), /^dcp:.*:\/usr\/sbin\/nologin$/m);
  return 'left: keystores, and the user dcp';
}

/** Files that the check itself has made, what systemd makes when it boots, and backups of the files of users. */
const OF_THE_CHECK = new RegExp(
  [
    '^/(package[.]deb|squares[.]mjs|(home|opt)/.*)$',
    '^/(etc/mtab|var/lib/private)$',
    '^/etc/(group|gshadow|passwd|shadow|subuid|subgid)-$',
  ].join('|'),
);
