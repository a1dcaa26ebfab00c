import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCompute, type Job, type Work } from '#src/compute/index.js';
import { SliceError } from '#src/model/index.js';
import { project } from './project.js';

const FILES = {
  'work.ts': `import { check } from './lib/check.mjs';
interface Datum {
  readonly n: number;
}

export default function work(datum: Datum): number {
  console.log(new Error('seen'));
  console.trace('here');
  return check(datum.n);
}
`,
  'lib/check.mjs': `// A comment that the bundle does not have.

const limit = 3;

export function check(n) {
  if (n < limit) return n;
  throw new RangeError(\`\${n} is too much\`);
}
`,
};

async function run(
  directory: string,
  work: Work<unknown, unknown>,
  data: unknown[],
  prepare: (job: Job) => void = () => undefined,
): Promise<{ results: unknown[]; printed: string[] }> {
  const job = createCompute({ directory }).for(data, work);
  const printed: string[] = [];
  job.on('console', ({ message }) => printed.push(message));
  prepare(job);
  return { results: [...(await job.localExec(1))], printed };
}

const stackOf = (result: unknown): string => {
  assert.ok(result instanceof SliceError, String(result));
  return result.stack!;
};

test("stacks name the client's own files and lines, of bundled TypeScript too", async (t) => {
  const directory = project(t, FILES);
  const { results, printed } = await run(directory, { file: 'work.ts' }, [{ n: 1 }, { n: 5 }]);
  assert.equal(results[0], 1);
  assert.equal(
    stackOf(results[1]),
    ['RangeError: 5 is too much', '    at check (lib/check.mjs:7:9)', '    at work (work.ts:9:10)'].join(
      '\n',
    ),
  );
  assert.equal(printed[0], ['Error: seen', '    at work (work.ts:7:15)'].join('\n'));
  assert.equal(printed[1], ['Trace: here', '    at work (work.ts:8:11)'].join('\n'));
});

test('an asynchronous stack, and one through a package', async (t) => {
  const directory = project(t, {
    'work.mjs': `import later from 'later';

export default async (n) => {
  await later(n);
};
`,
    'node_modules/later/index.js': `module.exports = async function later() {
  await null;
  throw new Error('too late');
};
`,
  });
  const { results } = await run(directory, { file: 'work.mjs' }, [1]);
  assert.equal(
    stackOf(results[0]),
    [
      'Error: too late',
      // The bundler has two things of that name.
      '    at later2 (node_modules/later/index.js:3:9)',
      '    at async work_default (work.mjs:4:3)',
    ].join('\n'),
  );
});

test('an inline Work Function keeps positions of its own source, between those of modules', async (t) => {
  const directory = project(t, {
    'node_modules/each/index.js': `module.exports = (list, visit) => {\n  for (const item of list) visit(item);\n};\n`,
  });
  const work = `(n) => {
  require('each')([n], () => { throw new Error('inline'); });
}`;
  const { results } = await run(directory, work, [1], (job) => job.requires('each'));
  assert.equal(
    stackOf(results[0]),
    [
      'Error: inline',
      '    at work-function.js:2:38',
      '    at module2.exports (node_modules/each/index.js:2:28)',
      '    at work-function.js:2:18',
    ].join('\n'),
  );
});

test('a file that throws when it is loaded fails every Slice, with its position', async (t) => {
  const directory = project(t, { 'work.mjs': `export default () => 1;\n\nnull.property;\n` });
  const { results } = await run(directory, { file: 'work.mjs' }, [1, 2]);
  for (const result of results) {
    assert.equal((result as SliceError).code, 'EWORKFUNCTION');
    assert.match(stackOf(result), /Cannot read properties of null .*\n.* \(work\.mjs:3:6\)/);
    assert.ok(!stackOf(result).includes('dist/'), stackOf(result));
  }
});

test('no path of the client travels with the Job', async (t) => {
  const directory = project(t, { ...FILES, 'node_modules/dep/index.js': 'module.exports = 1' });
  const { bundleModules } = await import('#src/compute/modules/index.js');
  const { modules, workFunction } = await bundleModules({
    workFunction: { file: `${directory}/work.ts` },
    names: ['dep'],
    directory,
    forDebugger: false,
  });
  for (const part of [modules.script, modules.sourceMap, Buffer.from(workFunction)])
    assert.ok(!Buffer.from(part).includes(directory));
  const { sources } = JSON.parse(Buffer.from(modules.sourceMap).toString()) as { sources: unknown[] };
  assert.deepEqual(sources, ['node_modules/dep/index.js', 'lib/check.mjs', 'work.ts', null, null]);
});

test('stacks that a Work Function made up do no harm', async (t) => {
  const directory = project(t, {
    'work.mjs': `
      export default (kind) => {
        const error = new Error('made up');
        if (kind === 'nowhere') error.stack = 'Error: x\\n    at dcp:modules:99999999999:0\\n    at f (dcp:modules:-1:x)';
        if (kind === 'long') error.stack = 'Error: x\\n' + '    at dcp:modules:1:1 '.repeat(1e6);
        if (kind === 'lines') error.stack = 'Error: x' + '\\n    at g (elsewhere.js:1:1)'.repeat(1e5);
        if (kind === 'getter') Object.defineProperty(error, 'stack', { get() { throw 1; } });
        if (kind === 'limit') { Error.stackTraceLimit = 1e4; (function deep(n) { if (n > 0) deep(n - 1); else throw new Error('deep'); })(5000); }
        if (kind === 'patched') { String.prototype.split = String.prototype.replace = Array.prototype.join = () => { throw 1; }; }
        throw error;
      };`,
  });
  const kinds = ['nowhere', 'long', 'lines', 'getter', 'limit', 'patched'];
  const started = performance.now();
  const { results } = await run(directory, { file: 'work.mjs' }, kinds);
  const lengths = results.map((result) => ((result as SliceError).stack ?? '').length);
  assert.ok(
    results.every((result) => (result as SliceError).code === 'EUNCAUGHT'),
    String(results),
  );
  assert.ok(Math.max(...lengths) < 70_000, String(lengths));
  assert.ok(performance.now() - started < 20_000);
  assert.match(stackOf(results[4]), /at deep \(work\.mjs:8:\d+\)/);
});

test('a stack that is read inside names them, too', async (t) => {
  const directory = project(t, {
    'work.mjs': `import { check } from './lib/check.mjs';

export default function work(n) {
  try {
    check(n);
  } catch (error) {
    const first = error.stack;
    const own = {};
    Error.captureStackTrace(own);
    return [first, error.stack === first, own.stack, new TypeError('').stack];
  }
}
`,
    'lib/check.mjs': FILES['lib/check.mjs'],
  });
  const { results } = await run(directory, { file: 'work.mjs' }, [5]);
  assert.deepEqual(results, [
    [
      'RangeError: 5 is too much\n    at check (lib/check.mjs:7:9)\n    at work (work.mjs:5:5)',
      true,
      'Error\n    at work (work.mjs:9:11)',
      'TypeError\n    at work (work.mjs:10:54)',
    ],
  ]);
});

test('Error.prepareStackTrace is asked as V8 asks it, and errors within it have stacks', async (t) => {
  const directory = project(t, {
    'work.mjs': `export default function work(n) {
  Error.prepareStackTrace = function (error, sites) {
    return [this === Error, error.message, sites[0].getFunctionName(), new Error('within').stack.split('\\n')[0]];
  };
  try {
    return new Error('mine').stack;
  } finally {
    delete Error.prepareStackTrace;
  }
}
`,
  });
  const { results } = await run(directory, { file: 'work.mjs' }, [1]);
  assert.deepEqual(results, [[true, 'mine', 'work', 'Error: within']]);
});

test('a stack that cannot be made is an error of who reads it, and harms nobody', async (t) => {
  const directory = project(t, {
    'work.mjs': `export default function work(n) {
  if (n === 1) Error.prepareStackTrace = () => { throw new RangeError('no stack'); };
  if (n === 2) delete Error.prepareStackTrace;
  const deep = () => { try { return deep(); } catch (error) { return typeof error.stack; } };
  if (n === 3) return deep();
  const error = new Error('x');
  Object.defineProperty(error, 'name', { get() { throw 1; } });
  return n === 2 ? error.stack : error.stack.length;
}
`,
  });
  const { results } = await run(directory, { file: 'work.mjs' }, [1, 2, 3]);
  assert.match(stackOf(results[0]), /no stack/);
  assert.match(String(results[1]), /^<error>/);
  assert.equal(results[2], 'string');
});
