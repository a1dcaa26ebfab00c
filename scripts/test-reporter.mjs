/**
 * A node:test reporter for one test file: prints the failures, and keeps the counts as JSON in the file that
 * DCP_TEST_COUNTS names. Every test counts; a describe block does not, because its tests do. The counts are written after
 * each test, so that what passed before a crash is known.
 */
import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { cpuSeconds } from './cpu-time.mjs';

/**
 * `ended` is true once every test has been heard of; `cpu` is the CPU time in seconds of the test's process and of those of
 * its children that have ended by then.
 * @typedef {{passed: number, failed: number, skipped: number, failures: string[], ended: boolean, cpu: number}} Counts
 */

/**
 * @param {AsyncIterable<{type: string, data: any}>} events
 * @returns {AsyncGenerator<string>}
 */
export default async function* report(events) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [], ended: false, cpu: 0 };
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.skip !== undefined || data.todo !== undefined) {
      counts.skipped++;
    } else if (type === 'test:fail') {
      // A parent that failed only because a test in it did is no failure of its own.
      if (data.details.error?.failureType === 'subtestsFailed') continue;
      counts.failed++;
      counts.failures.push(data.name);
      const milliseconds = data.details.duration_ms.toFixed(1);
      yield `\n✗ ${data.name} (${milliseconds} ms)\n${explain(data.details.error).replace(/^/gm, '    ')}\n`;
    } else if (data.details.type !== 'suite') {
      counts.passed++;
    }
    save(counts);
  }
  save({ ...counts, ended: true, cpu: cpuSeconds() });
}

/** @param {Counts} counts */
function save(counts) {
  if (process.env.DCP_TEST_COUNTS) writeFileSync(process.env.DCP_TEST_COUNTS, JSON.stringify(counts));
}

/** node:test wraps what was thrown in an error of its own. @param {any} error */
function explain(error) {
  const cause = error?.cause ?? error;
  return typeof cause === 'string' ? cause : inspect(cause);
}
