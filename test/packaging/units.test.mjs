/** The units are what systemd understands, and leave the services little to harm. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { root } from '../../scripts/steps.mjs';
import { addDropIn, complaintsOf, exposureOf, noSystemd, stagedRoot } from './staged-root.mjs';

const packaging = path.join(root, 'packaging/systemd');
const UNITS = [
  'dcp-worker.service',
  'dcp-worker@.service',
  'dcp-evaluator.service',
  'dcp-evaluator-manager.service',
];
const EXAMPLES = readdirSync(path.join(packaging, 'examples'));

test('systemd has nothing to complain of', { skip: noSystemd }, (t) => {
  const stage = stagedRoot(t);
  for (const unit of UNITS) assert.equal(complaintsOf(stage, unit), '', unit);
});

test('a misspelt directive, and a program that is not there, are complained of', { skip: noSystemd }, (t) => {
  const stage = stagedRoot(t);
  const unit = path.join(stage, 'lib/systemd/system/dcp-worker.service');
  appendFileSync(unit, '[Service]\nProtectHom=yes\nExecStartPre=/usr/bin/missing\n');
  const complaints = complaintsOf(stage, 'dcp-worker.service');
  assert.match(complaints, /ProtectHom/);
  assert.match(complaints, /\/usr\/bin\/missing is not executable/);
});

test('the exposure is as low as docs/SERVICE.md says', { skip: noSystemd }, (t) => {
  const stage = stagedRoot(t);
  const page = readFileSync(path.join(root, 'docs/SERVICE.md'), 'utf8');
  for (const unit of ['dcp-worker.service', 'dcp-evaluator.service', 'dcp-evaluator-manager.service']) {
    const told = Number(new RegExp(`\\| \`${unit}\` +\\| ([\\d.]+)`).exec(page)?.[1]);
    const { score, open } = exposureOf(stage, unit);
    assert.ok(score <= told, `${unit}: ${score}, told ${told}\n${open.join('\n')}`);
    // The Worker makes namespaces, so that each of its evaluators can do far less than the service.
    assert.ok(told <= (unit === 'dcp-worker.service' ? 2.4 : 1.5), `${unit}: ${told} is too much`);
  }
});

test(
  'an evaluator may have the namespaces and make the system calls that confine it',
  { skip: noSystemd },
  (t) => {
    const stage = stagedRoot(t);
    const open = exposureOf(stage, 'dcp-worker.service').open.join('\n');
    for (const kind of ['user', 'mnt', 'net', 'pid', 'ipc'])
      assert.match(open, new RegExp(`RestrictNamespaces=~${kind} `), kind);
    for (const kind of ['uts', 'cgroup'])
      assert.doesNotMatch(open, new RegExp(`RestrictNamespaces=~${kind} `), kind);
    assert.match(open, /@mount is included/);
    assert.doesNotMatch(
      exposureOf(stage, 'dcp-evaluator.service').open.join('\n'),
      /RestrictNamespaces|@mount/,
    );
  },
);

test(
  'the evaluators of existing Workers may be given them as docs/SERVICE.md says',
  { skip: noSystemd },
  (t) => {
    const stage = stagedRoot(t);
    const page = readFileSync(path.join(root, 'docs/SERVICE.md'), 'utf8');
    const [, from = ''] =
      /sudo install -Dm644 \/(\S+) -t \/\S+\/dcp-evaluator\.service\.d$/m.exec(page) ?? [];
    const told =
      /the exposure is ([\d.]+) then, of the manager ([\d.]+):/.exec(page)?.slice(1).map(Number) ?? [];
    for (const [index, unit] of ['dcp-evaluator.service', 'dcp-evaluator-manager.service'].entries()) {
      addDropIn(stage, unit, path.join(stage, from));
      assert.equal(complaintsOf(stage, unit), '', unit);
      const { score, open } = exposureOf(stage, unit);
      assert.ok(score <= (told[index] ?? 0), `${unit}: ${score}`);
      for (const opened of [/RestrictNamespaces=~net /, /@mount is included/])
        assert.match(open.join('\n'), opened, unit);
    }
  },
);

test(
  'without its hardening a service is exposed: the score looks at the drop-in',
  { skip: noSystemd },
  (t) => {
    const stage = stagedRoot(t);
    const { score } = exposureOf(stage, 'dcp-worker.service');
    const bare = path.join(stage, 'lib/systemd/system/dcp-worker.service.d/20-confinement.conf');
    appendFileSync(bare, '\n[Service]\nNoNewPrivileges=no\nSystemCallFilter=\nPrivateUsers=no\n');
    assert.ok(exposureOf(stage, 'dcp-worker.service').score >= score + 1);
  },
);

for (const example of EXAMPLES) {
  test(`the example ${example} is right`, { skip: noSystemd }, (t) => {
    const stage = stagedRoot(t);
    const { score } = exposureOf(stage, 'dcp-worker.service');
    addDropIn(stage, 'dcp-worker.service', path.join(packaging, 'examples', example));
    assert.equal(complaintsOf(stage, 'dcp-worker.service'), '');
    const changed = exposureOf(stage, 'dcp-worker.service').score;
    assert.ok(['no-gpu.conf', 'offline.conf'].includes(example) ? changed < score : changed <= score);
  });
}

test('systemd waits longer for the Worker to stop than the Worker takes', () => {
  const unit = readFileSync(path.join(packaging, 'dcp-worker.service'), 'utf8');
  const stopSeconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
  assert.ok(stopSeconds >= 60 + 10 + 10, `TimeoutStopSec=${stopSeconds}`);
});

const mayNot = noSystemd || (process.getuid?.() === 0 ? false : 'only root can make users in a folder');

test('the user, its groups and the folders are made', { skip: mayNot }, (t) => {
  const stage = stagedRoot(t);
  for (const command of [
    ['systemd-sysusers', `--root=${stage}`, 'dcp-worker-native.conf'],
    ['systemd-tmpfiles', `--root=${stage}`, '--create', 'dcp-worker-native.conf'],
  ]) {
    const { status, stderr } = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
  const read = (/** @type {string} */ file) => readFileSync(path.join(stage, file), 'utf8');
  const [, , uid, gid, , home, shell] = /^dcp:.*$/m.exec(read('etc/passwd'))?.[0].split(':') ?? [];
  assert.deepEqual([home, shell], ['/var/lib/dcp', '/usr/sbin/nologin']);
  for (const group of ['video', 'render'])
    assert.match(read('etc/group'), new RegExp(`^${group}:.*:dcp$`, 'm'));
  /** @type {readonly [string, number][]} */
  const folders = [
    ['var/lib/dcp', 0o750],
    ['var/lib/dcp/.dcp', 0o700],
    ['var/lib/dcp/scheduler', 0o2770],
  ];
  for (const [folder, mode] of folders) {
    const found = statSync(path.join(stage, folder));
    assert.deepEqual([found.uid, found.gid, found.mode & 0o7777], [Number(uid), Number(gid), mode], folder);
  }
});
