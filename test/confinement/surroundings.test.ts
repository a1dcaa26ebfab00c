/** What becomes of the confinement on machines that allow less: what is missing is named, the rest holds. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { LAYERS } from '#src/evaluator/confinement/layers.js';
import { confinementText } from '#src/evaluator/index.js';
import { temporaryDirectory } from '../cli/support.js';
import { stateOf } from './support.js';
import { attemptsThere, cannotBe, runThere } from './surroundings.js';

const BODY = `
  await attempt('users', () => fs.readFileSync('/etc/passwd', 'utf8'));
  await attempt('write', () => fs.writeFileSync('/tmp/dcp-x', ''));
  await attempt('environment', () => fs.readFileSync('/proc/${process.pid}/environ', 'utf8'));
  await attempt('processes', () => fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length);
  // Node 24 names its first thread.
  await attempt('self', () => /^\\d+ \\((node|MainThread)\\)/.test(fs.readFileSync('/proc/self/stat', 'utf8')));
  await attempt('cores', () => os.cpus().length > 0 && os.totalmem() > 0);
  await attempt('settings', () => fs.readdirSync('/proc/sys').length);
  await attempt('run Node', () => run(process.execPath, ['-e', 'process.exit(4)']));`;
const DENIED = /^(ENOENT|EACCES|EROFS|EPERM)$/;

test('an ordinary user has every layer', { skip: cannotBe('ordinary user') }, () => {
  const { report, outcomes } = attemptsThere('ordinary user', BODY);
  for (const { name, state, why } of report.layers)
    if (name !== 'cgroup' && name !== 'seccomp') assert.equal(state, 'on', `${name}: ${why}`);
  for (const what of ['users', 'write', 'environment']) assert.match(String(outcomes[what]), DENIED, what);
  assert.deepEqual([outcomes['processes'], outcomes['self'], outcomes['run Node']], [2, true, 4]);
});

test(
  'without user namespaces what needs them is missing, and the rest is on',
  { skip: cannotBe('no user namespaces') },
  () => {
    const { report, outcomes } = attemptsThere('no user namespaces', BODY);
    const missing = LAYERS.filter((name) => name.endsWith('-namespace'));
    for (const name of missing) assert.equal(stateOf(report, name), 'missing');
    for (const name of ['landlock', 'capabilities', 'no-new-privileges', 'parent-death', 'rlimits'] as const)
      assert.equal(stateOf(report, name), 'on');
    for (const what of ['users', 'write', 'environment']) assert.match(String(outcomes[what]), DENIED, what);
    assert.equal(outcomes['run Node'], 4);
    assert.match(
      confinementText(report),
      /; user-namespace missing \(no more of them may be made \(user\.max_user_namespaces\)\); mount-namespace missing \(.+\)/,
    );
  },
);

test(
  'where a part of /proc is hidden the process sees its own folder there, and no other',
  { skip: cannotBe('hidden /proc') },
  () => {
    const { report, outcomes } = attemptsThere('hidden /proc', BODY);
    for (const name of ['mount-namespace', 'pid-namespace', 'landlock'] as const)
      assert.equal(stateOf(report, name), 'on');
    assert.deepEqual([outcomes['processes'], outcomes['self'], outcomes['cores']], [0, true, true]);
    assert.match(String(outcomes['settings']), DENIED);
    assert.equal(outcomes['run Node'], 4);
  },
);

test(
  'require: the Worker and the standing evaluator refuse to start, and say what is missing, why and what would help',
  { skip: cannotBe('no user namespaces') },
  (t) => {
    const scheduler = path.join(temporaryDirectory(t), 'missing/dcp');
    for (const [name, ...args] of [
      ['dcp-worker', '--scheduler', scheduler, '--no-gpu', 'doctor'],
      ['dcp-evaluator', '--frames', '--port', '0'],
    ]) {
      const program = fileURLToPath(import.meta.resolve(`#bin/${name}.js`));
      const { status, stdout, stderr } = runThere('no user namespaces', [
        process.execPath,
        program,
        '--confinement=require',
        ...args,
      ]);
      assert.equal(status, 1, stderr);
      assert.match(
        stdout + stderr,
        /--confinement=require: no evaluator, for layers are missing: user-namespace \(no more of them may be made \(user\.max_user_namespaces\); sysctl -w user\.max_user_namespaces=10000\), mount-namespace \(/,
        name,
      );
    }
  },
);
