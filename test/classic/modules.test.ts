/** Modules that a Job depends on: asked for over the connection, declared by BravoJS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRANSPORTS, assigned, type JobOptions, type Sandbox } from './support/sandbox.js';

const TWICE = `module.declare(['./half'], function (require, exports) {
  exports.twice = (x) => require('./half').half(x) * 4;
});`;
const HALF = `module.declare(function (require, exports) { exports.half = (x) => x / 2; });`;
const WHOLE = `module.declare([], function (require, exports, module) { module.exports = (x) => Math.floor(x); });`;

const MODULES = { math: { twice: TWICE, half: HALF }, rounding: { whole: WHOLE } };

/** Assigns a Job with dependencies and answers what they are asked for as. */
async function assignWithModules(sandbox: Sandbox, workFunction: string, options: JobOptions) {
  await sandbox.describe();
  await sandbox.applyRequirements();
  sandbox.postAssign(workFunction, options);
  const { data, id } = await sandbox.next('dependency');
  return { data, id };
}

test('dependencies are asked for once, and required by their names and along the require path', async (t) => {
  const sandbox = await TRANSPORTS.TCP(t);
  const { data, id } = await assignWithModules(
    sandbox,
    `(x) => require('math/twice').twice(require('whole')(x))`,
    { dependencies: ['math/twice', 'rounding/whole'], requirePath: ['rounding'] },
  );
  assert.deepEqual(data, ['math/twice', 'rounding/whole']);
  await sandbox.ask({ request: 'moduleGroup', data: MODULES, id }, 'assigned');
  for (const x of [1.5, 2.9, 10]) assert.equal(await sandbox.result(x), 2 * Math.floor(x));
  assert.equal(sandbox.messages.filter(({ request }) => request === 'dependency').length, 1);
});

test('a module that does not come is missed where it is required', async (t) => {
  const sandbox = await TRANSPORTS.TCP(t);
  const { id } = await assignWithModules(sandbox, `() => require('math/absent')`, {
    dependencies: ['math/twice'],
  });
  await sandbox.ask({ request: 'moduleGroup', data: MODULES, id }, 'assigned');
  const ending = (await sandbox.run(0)).at(-1)!;
  assert.equal(ending.request, 'workError');
  assert.match((ending['error'] as Error).message, /'math\/absent' is not available/);
});

test('a Slice has modules provided while it runs', async (t) => {
  const sandbox = await assigned(
    t,
    `async (x) => {
      await new Promise((resolve) => module.provide(['rounding/whole'], resolve));
      return require('rounding/whole')(x);
    }`,
  );
  const from = await sandbox.begin(7.5);
  const { data, id } = await sandbox.next('dependency', from);
  assert.deepEqual(data, ['rounding/whole']);
  const { result } = await sandbox.ask({ request: 'moduleGroup', data: MODULES, id }, 'complete');
  assert.equal(result, 7);
});
