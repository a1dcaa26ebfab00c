/**
 * Runs every check that is not a test.
 *
 *   npm run lint [-- WORD…]      a word selects checks by name: `npm run lint -- eslint`
 */
import { CHECKS } from './checks.mjs';
import { Steps, sideBySide } from './steps.mjs';

const words = process.argv.slice(2);
const steps = new Steps();
const wanted = CHECKS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
await sideBySide(wanted, (check) => steps.step(check.name, check.run));
process.exit(steps.failed || steps.records.length === 0 ? 1 : 0);
