/** Formats TypeScript, JavaScript, JSON, Markdown and C++ in place: `npm run format`. */
import { clangFormat } from './native-checks.mjs';
import { Steps, bin, run } from './steps.mjs';

const steps = new Steps();
await steps.step('prettier', () => run(bin('prettier'), ['--write', '--log-level=warn', '.']).then(() => ''));
await steps.step('clang-format', () => clangFormat(['-i']));
process.exit(steps.failed ? 1 : 0);
