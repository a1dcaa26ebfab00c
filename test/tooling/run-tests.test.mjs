/** A test run must not look better than it is: crashes, early exits and hangs count as failures. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { runFiles, runTestFile, summary } from '../../scripts/run-tests.mjs';
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

/** @param {import('node:test').TestContext} t @param {string[]} names @param {number} secondRuns */
async function runTwice(t, names, secondRuns) {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const runs = names.map((name) => ({
    file: path.join(root, 'test/tooling/fixtures/test-files', `${name}.mjs`),
    label: '',
    env: { ...process.env, DCP_TEST_DIRECTORY: directory },
    node: process.execPath,
    timeoutMs: 30_000,
    alone: false,
    long: false,
  }));
  t.mock.method(console, 'log', () => undefined);
  return runFiles(runs, { secondRuns });
}

test('what fails beside others and passes alone is told', async (t) => {
  const counts = await runTwice(t, ['fails-first', 'passes'], 1);
  assert.deepEqual([counts.passed, counts.failed, counts.unsteady.length], [4, 0, 1]);
  assert.match(
    summary(counts),
    /^Failed beside others, passed alone:\n {2}~ .*: is slow at first\n4 passed, 0 failed$/,
  );
});

test('more files that fail than may be run again are failures, and so are crashes', async (t) => {
  const many = await runTwice(t, ['fails-first', 'fails'], 1);
  assert.deepEqual([many.failed, many.unsteady], [2, []]);
  const crash = await runTwice(t, ['crashes-first'], 1);
  assert.deepEqual([crash.failed, crash.unsteady], [1, []]);
  const never = await runTwice(t, ['fails'], 1);
  assert.deepEqual([never.failed, never.unsteady], [1, []]);
});
