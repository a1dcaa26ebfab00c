/**
 * Builds, and runs the tests on the running Node.
 *
 *   node scripts/test.mjs [--asan] [--no-build] [WORD…]
 *
 * Words select test files by a part of their suite and name: `npm test codec`, `npm test evaluator/limits`. `--asan` builds the addon with AddressSanitizer and
 * runs the suites that use it.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ASAN_BUILD_DIRECTORY, buildAll } from './build.mjs';
import { ensureExistingPrograms } from './compat.mjs';
import { runSuites, summary } from './run-tests.mjs';
import { Steps, run } from './steps.mjs';
import { softwareGpuEnvironment } from './software-gpu.mjs';
import { NATIVE_SUITES, testFiles } from './suites.mjs';

const { values, positionals: words } = parseArgs({
  options: { asan: { type: 'boolean', default: false }, 'no-build': { type: 'boolean', default: false } },
  allowPositionals: true,
});

if (!values['no-build']) {
  const parts = { native: true, typescript: true, tests: true, asan: values.asan };
  await buildAll(new Steps(), parts);
}

const selected = (/** @type {string} */ suite, /** @type {string} */ file) =>
  words.length === 0 || words.some((word) => `${suite}/${file}`.includes(word));
if (testFiles(selected).has('classic'))
  await new Steps().must('existing programs of DCP', ensureExistingPrograms);
const counts = values.asan
  ? await runSuites(
      [
        {
          env: await asanEnvironment(),
          wanted: (suite, file) => NATIVE_SUITES.includes(suite) && selected(suite, file),
        },
      ],
      { slowdown: 4 },
    )
  : await runSuites([{ env: softwareGpuEnvironment(), wanted: selected }]);
console.log(`\n${summary(counts)}`);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);

/**
 * Node itself is built without AddressSanitizer, so its runtime library has to come in first. Leaks are not looked for:
 * Node and V8 leave much behind at exit on purpose, and the tests assert memory themselves.
 */
async function asanEnvironment() {
  const library = (await run('g++', ['-print-file-name=libasan.so'])).trim();
  if (!path.isAbsolute(library) || !existsSync(library))
    throw new Error(`libasan.so: g++ knows no such library`);
  return {
    ...softwareGpuEnvironment(),
    DCP_NATIVE_BUILD_DIR: ASAN_BUILD_DIRECTORY,
    DCP_ASAN: '1',
    LD_PRELOAD: library,
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:halt_on_error=1:use_sigaltstack=0',
  };
}
