/** A Work Function that does something bad to one Slice of four, in a process of its own, and what must come of it. */
import assert from 'node:assert/strict';
import { LimitScene, type LimitCase, type Outcome } from './limit-scene.js';
import { HOST, runFixture } from './support.js';
import { openShared } from './tested.js';

interface Options {
  readonly limits?: object;
  readonly sandbox?: object;
}

export async function run(work: string, { limits = {}, sandbox = {} }: Options = {}): Promise<Outcome> {
  const play = HOST === 'in-process' ? playInFixture : playHere;
  const outcome = await play({ work, limits, sandbox });
  assert.equal(outcome.others, 50, 'the other Sandboxes went on');
  return outcome;
}

async function playInFixture(limitCase: LimitCase): Promise<Outcome> {
  const { code, signal, stdout, stderr } = await runFixture('limit', [JSON.stringify(limitCase)]);
  assert.deepEqual([code, signal, stderr], [0, null, '']);
  return JSON.parse(stdout) as Outcome;
}

/** Where Jobs have a process of their own anyway, one evaluator does for all. */
async function playHere(limitCase: LimitCase): Promise<Outcome> {
  scene ??= new LimitScene(await openShared());
  return scene.play(limitCase);
}
let scene: LimitScene | null = null;

/** The Work Function's text, whose second line does something bad to the datum `bad`. */
export const bad = (statement: string, head = ''): string =>
  `${head}(x) => {\n  if (x === 'bad') { ${statement} }\n  return x;\n}`;

/** The Slice `bad` failed and the Sandbox went on. */
export async function survives(
  work: string,
  expected: { code: string; name: string; message: string | RegExp; frames?: RegExp | null },
  options?: Options,
): Promise<void> {
  const { values, failures, end } = await run(work, options);
  assert.deepEqual(values, { 1: 'ok', 3: 'ok', 4: 'ok' });
  assert.equal(end, null);
  const failure = failures[2]!;
  assert.equal(failure.code, expected.code);
  assert.equal(failure.name, expected.name);
  if (typeof expected.message === 'string') assert.equal(failure.message, expected.message);
  else assert.match(failure.message, expected.message);
  assert.doesNotMatch(failure.stack, /prelude|dcp:|node:|\/dist\//);
  if (expected.frames) assert.match(failure.stack, expected.frames);
}

/** The Slice `bad` failed, the Sandbox ended by that, and the Slices behind are unfinished. */
export async function ends(
  work: string,
  expected: { code: string; name: string; message: RegExp },
  options?: Options,
): Promise<void> {
  const { values, failures, end } = await run(work, options);
  const failure = failures[2]!;
  assert.equal(failure.code, expected.code);
  assert.equal(failure.name, expected.name);
  assert.match(failure.message, expected.message);
  assert.equal(failure.stack, `${failure.name}: ${failure.message}`);
  const { error, unfinished } = end!;
  assert.equal(error, null);
  // A result that had not left yet is lost with its Sandbox, and its Slice is run again.
  assert.deepEqual(
    [...Object.keys(values).map(Number), ...unfinished].sort(),
    [1, 3, 4],
    'each of the others is delivered or named once',
  );
}
