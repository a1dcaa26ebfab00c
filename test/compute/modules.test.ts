import assert from 'node:assert/strict';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createCompute, type Job, type Work } from '#src/compute/index.js';
import type { SliceError } from '#src/model/index.js';
import { ADD_WASM, project } from './project.js';

/** A Job of one Slice in a project, and its result. */
async function runOne(
  directory: string,
  work: Work<unknown, unknown>,
  prepare: (job: Job) => void = () => undefined,
): Promise<unknown> {
  const job = createCompute({ directory }).for([1], work);
  prepare(job);
  const [result] = [...(await job.localExec(1))];
  return result;
}

const requires =
  (...names: string[]) =>
  (job: Job): void =>
    job.requires(names);

test('an inline Work Function requires CommonJS and ES packages, and parts of them', async (t) => {
  const directory = project(
    t,
    {
      'node_modules/plain/index.js': `module.exports = (n) => n + 1;`,
      'node_modules/plain/part.js': `exports.half = (n) => n / 2;`,
      'node_modules/modern/package.json': `{ "type": "module", "exports": { ".": "./main.js" } }`,
      'node_modules/modern/main.js': `export default 7; export const name = 'modern';`,
      'lib/own.json': `{ "answer": 42 }`,
    },
    ['kdbush'],
  );
  const result = await runOne(
    directory,
    `() => {
      const { default: KDBush } = require('kdbush');
      const index = new KDBush(3);
      for (let i = 0; i < 3; i++) index.add(i, i);
      index.finish();
      const modern = require('modern');
      return [
        require('plain')(1), require('plain/part').half(8), modern.default, modern.name, modern.__esModule,
        Object.keys(modern), require('modern') === modern, require('./lib/own.json').answer, index.range(0, 0, 1, 1),
      ];
    }`,
    requires('kdbush', 'plain', 'plain/part', 'modern', './lib/own.json'),
  );
  assert.deepEqual(result, [2, 4, 7, 'modern', true, ['default', 'name'], true, 42, [0, 1]]);
});

test('a file that a result shows is there for the next Slice', async (t) => {
  const directory = project(t, { 'data.bin': new Uint8Array(300_000).fill(7) });
  const job = createCompute({ directory }).for(1, 3, `() => require('./data.bin')`);
  job.requires('./data.bin');
  for (const bytes of [...(await job.localExec(1))]) assert.deepEqual(bytes, new Uint8Array(300_000).fill(7));
});

test('module code runs once, on the first require; circular requires see what is there so far', async (t) => {
  const directory = project(t, {
    'node_modules/a/index.js': `self.loads = (self.loads ?? 0) + 1; exports.early = 1; exports.b = require('b'); exports.late = 2;`,
    'node_modules/b/index.js': `exports.seen = { ...require('a') };`,
  });
  const work = `() => {
    const before = self.loads;
    const { early, b, late } = require('a');
    require('a');
    return [before, self.loads, early, b.seen, late];
  }`;
  assert.deepEqual(await runOne(directory, work, requires('a')), [undefined, 1, 1, { early: 1 }, 2]);
});

test('what was not declared cannot be required, and the error names what was', async (t) => {
  const directory = project(t, { 'node_modules/there/index.js': '' });
  const work = `() => { try { require('fs') } catch (error) { return [error.code, error.message] } }`;
  assert.deepEqual(await runOne(directory, work, requires('there')), [
    'MODULE_NOT_FOUND',
    'Cannot find module "fs": the modules that came with the Job are there (job.requires declares them)',
  ]);
  assert.deepEqual(await runOne(directory, work), [
    'MODULE_NOT_FOUND',
    'Cannot find module "fs": no modules came with the Job (job.requires declares them)',
  ]);
});

test('the file of a Work Function is none of the modules that came with the Job', async (t) => {
  const directory = project(t, {
    'work.js': `export default () => { try { require('fs') } catch (error) { return error.message } }`,
    'node_modules/there/index.js': '',
  });
  const work = pathToFileURL(path.join(directory, 'work.js'));
  assert.equal(
    await runOne(directory, work),
    'Cannot find module "fs": no modules came with the Job (job.requires declares them)',
  );
  assert.equal(
    await runOne(directory, work, requires('there')),
    'Cannot find module "fs": the modules that came with the Job are there (job.requires declares them)',
  );
});

test('a Work Function in a file comes with its imports: modules, packages, JSON, text and bytes', async (t) => {
  const directory = project(
    t,
    {
      'work/square.mjs': `
        import { geoArea } from 'd3-geo';
        import add from './add.wasm';
        import table from './table.dat';
        import { greeting } from './greeting.json';
        import text from './poem.txt';
        import cjs from './old.cjs';
        const { exports } = new WebAssembly.Instance(new WebAssembly.Module(add));
        export default async (n, factor) => {
          const lazy = await import('./lazy.mjs');
          return [
            exports.add(n, 2), Object.prototype.toString.call(table), [...table], table === require('./table.dat'), greeting, text, cjs.twice(n),
            lazy.name, geoArea({ type: 'Sphere' }) > 12, factor,
          ];
        };`,
      'work/add.wasm': ADD_WASM,
      'work/table.dat': Uint8Array.of(0, 255, 128, 10),
      'work/greeting.json': `{ "greeting": "grüezi" }`,
      'work/poem.txt': 'Über allen Gipfeln',
      'work/old.cjs': `module.exports = { twice: (n) => 2 * n };`,
      'work/lazy.mjs': `export const name = 'lazy';`,
    },
    ['d3-geo', 'd3-array', 'internmap'],
  );
  const expected = [
    3,
    '[object Uint8Array]',
    [0, 255, 128, 10],
    true,
    'grüezi',
    'Über allen Gipfeln',
    2,
    'lazy',
    true,
    undefined,
  ];
  assert.deepEqual(await runOne(directory, { file: 'work/square.mjs' }), expected);
  const url = pathToFileURL(path.join(directory, 'work/square.mjs'));
  const job = createCompute({ directory: '/' }).for([1], url, ['×3']);
  assert.deepEqual([...(await job.localExec(1))], [[...expected.slice(0, -1), '×3']]);
});

test('a Work Function in a CommonJS or TypeScript file; other modules may be required beside it', async (t) => {
  const directory = project(t, {
    'work.cjs': `const base = require('./base'); module.exports = (n) => n + base + require('extra').ten;`,
    'base.js': 'module.exports = 100;',
    'work.ts': `interface Point { x: number } export default ({ x }: Point): number => x;`,
    'node_modules/extra/index.js': 'exports.ten = 10',
  });
  assert.equal(await runOne(directory, { file: 'work.cjs' }, requires('extra')), 111);
  assert.equal(await runOne(directory, { file: 'work.ts' }), undefined);
});

test('references to what only Node has do no harm until they are used', async (t) => {
  const directory = project(t, {
    'node_modules/isomorphic/package.json': `{ "main": "node.js", "browser": { "./node.js": "./web.js", "fs": false } }`,
    'node_modules/isomorphic/node.js': `require('net');`,
    'node_modules/isomorphic/web.js': `
      let optional; try { optional = require('not-installed'); } catch (error) { optional = error.code; }
      exports.seen = [
        typeof process, typeof Buffer, process.env.NODE_ENV, global === globalThis, Object.keys(require('fs')), optional,
      ];`,
    'node_modules/conditional/package.json': `{ "exports": { "node": "./node.js", "worker": "./worker.js", "default": "./node.js" } }`,
    'node_modules/conditional/node.js': `require('net');`,
    'node_modules/conditional/worker.js': `module.exports = 'for workers';`,
  });
  const work = `() => [...require('isomorphic').seen, require('conditional')]`;
  assert.deepEqual(await runOne(directory, work, requires('isomorphic', 'conditional')), [
    'undefined',
    'undefined',
    'production',
    true,
    [],
    'MODULE_NOT_FOUND',
    'for workers',
  ]);
});

test('an error in a module is of the Slice that required it; the next one tries again', async (t) => {
  const directory = project(t, {
    'node_modules/broken/index.js': `self.tries = (self.tries ?? 0) + 1;\nthrow new RangeError('try ' + self.tries);`,
  });
  const job = createCompute({ directory }).for([1, 2], `() => require('broken')`);
  job.requires('broken');
  const results = [...(await job.localExec(1))] as SliceError[];
  assert.deepEqual(
    results.map(({ code, message }) => [code, message]),
    [
      ['EUNCAUGHT', 'try 1'],
      ['EUNCAUGHT', 'try 2'],
    ],
  );
  assert.match(results[0]!.stack!, /^RangeError: try 1\n {4}at .*node_modules\/broken\/index.js:2:7\)/);
});

test('every Sandbox has modules and files of its own, which it may change', async (t) => {
  const directory = project(t, {
    'work.mjs': `import bytes from './one.bin';
      // Two Slices that wait are in two Sandboxes.
      export default async () => {
        bytes[0]++;
        await new Promise((resolve) => setTimeout(resolve, 500));
        return [bytes[0], bytes.length];
      }`,
    'one.bin': new Uint8Array(100_000),
  });
  const job = createCompute({ directory }).for(1, 2, { file: 'work.mjs' });
  assert.deepEqual(
    [...(await job.localExec(2))],
    [
      [1, 100_000],
      [1, 100_000],
    ],
  );
});

test('requires takes names of packages and relative paths, before the Job is deployed', async (t: TestContext) => {
  const directory = project(t, {});
  const job = createCompute({ directory }).for([1], () => 1);
  for (const bad of ['', 5, '/etc/passwd', 'https://example.com/a.js', ['ok', null]])
    assert.throws(() => job.requires(bad as string), { code: 'EINVAL' }, String(bad));
  await job.localExec(1);
  assert.throws(() => job.requires('late'), { code: 'EJOBSTATE' });
  const compute = createCompute({ directory });
  for (const work of [
    { file: 'none.js' },
    { file: 5 },
    new URL('https://example.com/work.js'),
    { file: '.' },
  ])
    assert.throws(() => compute.for([1], work as never), { code: 'EINVAL', field: 'workFunction' });
});

test('too large a bundle is refused with its size', async (t) => {
  const { MAX_MODULES } = await import('#src/model/index.js');
  const directory = project(t, {
    'work.mjs': `import text from './large.txt'; export default () => text.length;`,
    'large.txt': 'x'.repeat(MAX_MODULES.script + 1),
  });
  const job = createCompute({ directory }).for([1], { file: 'work.mjs' });
  await assert.rejects(job.localExec(1), {
    code: 'EMODULE',
    message: /the script of \d+ bytes, at most 16777216 /,
  });
});
