/** A test run must not look better than it is: crashes, early exits and hangs count as failures. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { runTestFile } from '../../scripts/run-tests.mjs';
import { root } from '../../scripts/steps.mjs';

/** @param {string} name */
async function runFixture(name, timeoutMs = 30_000) {
  const file = path.join(root, 'test/tooling/fixtures/test-files', `${name}.mjs`);
  const { counts, log } = await runTestFile(file, { node: process.execPath, timeoutMs, env: process.env });
  const failures = counts.failures.map((failure) => failure.slice(file.length + 2));
  return { passed: counts.passed, failed: counts.failed, skipped: counts.skipped, failures, log };
}

test('every test counts, nested ones too', async () => {
  const result = await runFixture('passes');
  assert.deepEqual(result, { passed: 3, failed: 0, skipped: 0, failures: [], log: '' });
});

test('a failing test counts once, its group does not', async () => {
  const { log, ...counts } = await runFixture('fails');
  assert.deepEqual(counts, { passed: 1, failed: 1, skipped: 1, failures: ['does not hold'] });
  assert.match(log, /does not hold[^]*AssertionError/);
});

test('a crash after the last test is a failure', async () => {
  const { log: _log, ...counts } = await runFixture('crashes-at-exit');
  assert.deepEqual(counts, { passed: 1, failed: 1, skipped: 0, failures: ['ended by SIGABRT'] });
});

test('a process that ends in the middle of its tests is a failure, exit code 0 or not', async () => {
  const { failed, failures } = await runFixture('exits-early');
  assert.deepEqual({ failed, failures }, { failed: 1, failures: ['exited before all tests had run'] });
});

test('a process that hangs is killed and is a failure', async () => {
  const { failed, failures } = await runFixture('never-ends', 1000);
  assert.deepEqual({ failed, failures }, { failed: 1, failures: ['did not end within 1 s'] });
});

test('a file without a test is a failure', async () => {
  const { failed, failures } = await runFixture('empty');
  assert.deepEqual({ failed, failures }, { failed: 1, failures: ['no test in this file'] });
});
