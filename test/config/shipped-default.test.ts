/** The default configuration: ours, and that of the published program. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { KNOWN_KEYS, loadConfig } from '#src/config/index.js';
import { CHECKOUT, Machine, OWN } from './support.js';

const PUBLISHED = path.join(CHECKOUT, 'test/compat/dcp-4/node_modules/dcp-worker/etc/dcp-worker-config.js');

test('the shipped default, its sum and the page are what the schema says', () => {
  const script = path.join(CHECKOUT, 'scripts/configuration.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}\nrun: npm run configuration`);
});

test('the shipped default changes nothing of what is built in', (t) => {
  const machine = new Machine(t);
  const shipped = machine.load();
  assert.deepEqual(shipped.warnings, []);
  machine.write('package/etc/bare.js', '{}');
  const bare = machine.load({ env: { DCP_CONFIG: '../etc/bare.js' } });
  assert.deepEqual(shipped.values, bare.values);
});

test('the shipped default names every key, with its comment', () => {
  const text = readFileSync(path.join(CHECKOUT, 'etc/dcp-worker-config.js'), 'utf8');
  const words = text.replace(/\n\s*\/\/ /g, ' ');
  for (const { path: names, key } of KNOWN_KEYS) {
    assert.ok(text.includes(`${names.at(-1)!}: `), names.join('.'));
    assert.ok(words.includes(key.description), key.description);
  }
});

test('the package has it where the program looks', (t) => {
  const machine = new Machine(t);
  const config = loadConfig({
    program: 'dcp-worker',
    env: {},
    home: machine.file('home'),
    etc: machine.file('etc'),
  });
  assert.equal(config.places[0]?.file, path.join(CHECKOUT, 'etc/dcp-worker-config.js'));
  const { files } = JSON.parse(readFileSync(path.join(CHECKOUT, 'package.json'), 'utf8')) as {
    files: string[];
  };
  assert.ok(files.includes('etc'));
});

test('a default that was changed is refused, and says where changes belong', (t) => {
  const machine = new Machine(t);
  appendFileSync(machine.file('package/etc/dcp-worker-config.js'), '\n// mine\n');
  const message =
    '/package/etc/dcp-worker-config.js: is not as it was shipped, and the next update would replace it. Undo the change, ' +
    'and say what you want in one of ~/.dcp/dcp-worker/dcp-config.js, /etc/dcp/dcp-worker/dcp-config.js, ' +
    '/etc/override/dcp/dcp-worker/dcp-config.js; or set DCP_WORKER_ALLOW_MODIFIED_DEFAULT=1';
  assert.deepEqual(machine.errors(), [message]);
  assert.deepEqual(machine.warnings({ env: { DCP_WORKER_ALLOW_MODIFIED_DEFAULT: '1' } }), [
    '/package/etc/dcp-worker-config.js: is not as it was shipped; accepted, as DCP_WORKER_ALLOW_MODIFIED_DEFAULT is set',
  ]);
});

test('a default without a sum is a warning', (t) => {
  const machine = new Machine(t);
  rmSync(machine.file('package/etc/dcp-worker-config.js.sha256'));
  assert.deepEqual(machine.warnings(), [
    '/package/etc/dcp-worker-config.js: there is no /package/etc/dcp-worker-config.js.sha256: cannot tell whether it is as it was shipped',
  ]);
});

test('a default that is not there is an error', (t) => {
  const machine = new Machine(t);
  rmSync(machine.file('package/etc/dcp-worker-config.js'));
  const there = 'there is no such file (.json, .jsonc, .js), and there must be';
  assert.deepEqual(machine.errors(), [`/package/etc/dcp-worker-config: ${there}`]);
  assert.deepEqual(machine.errors({ env: { DCP_CONFIG: '/nowhere/x' } }), [`/nowhere/x: ${there}`]);
});

test(
  'the default of the published dcp-worker is read as it is',
  { skip: !existsSync(PUBLISHED) && 'not installed: npm run compat' },
  (t) => {
    const machine = new Machine(t);
    const env = {
      DCP_CONFIG: PUBLISHED,
      DCP_SCHEDULER_LOCATION: 'https://scheduler.example.com/',
      DCP_CONFIG_COOKIE: 'c',
    };
    const config = machine.load({ env });
    assert.deepEqual(config.warnings, []);
    const { worker, evaluator } = config.values;
    assert.deepEqual({ ...worker.utilization }, { cpu: 1, gpu: 0.75 });
    assert.deepEqual({ ...worker.cores }, { cpu: null, gpu: null });
    assert.deepEqual(
      { ...worker.allowOrigins },
      {
        fetchWorkFunctions: ['https://scheduler.example.com'],
        fetchArguments: ['https://scheduler.example.com'],
        fetchData: ['https://scheduler.example.com'],
        sendResults: ['https://scheduler.example.com'],
        any: [],
      },
    );
    assert.deepEqual(worker.bannedGPUs, { description: /D3D.*version\s[0-2][0-9]/ });
    assert.deepEqual({ ...worker.minimumWage }, { CPU: 0, GPU: 0, in: 0, out: 0 });
    assert.equal(evaluator.listen?.href, 'dcpsaw://localhost:9000/');
    assert.match(config.show('worker.utilization.gpu')[0]!, /dcp-worker-config\.js:\d+$/);
  },
);

test(
  'without a Scheduler the lists that name its origin are left out, and said',
  { skip: !existsSync(PUBLISHED) && 'not installed: npm run compat' },
  (t) => {
    const config = new Machine(t).load({ env: { DCP_CONFIG: PUBLISHED } });
    assert.deepEqual(config.values.worker.allowOrigins.fetchData, []);
    assert.deepEqual(
      config.warnings.map(({ key }) => key),
      ['fetchWorkFunctions', 'fetchArguments', 'fetchData', 'sendResults'].map(
        (name) => `worker.allowOrigins.${name}[0]`,
      ),
    );
  },
);

test(
  'its MD5 holds it, as in the published program',
  { skip: !existsSync(PUBLISHED) && 'not installed: npm run compat' },
  (t) => {
    const machine = new Machine(t);
    const file = machine.write('package/etc/published.js', '');
    copyFileSync(PUBLISHED, file);
    copyFileSync(`${PUBLISHED}.md5`, `${file}.md5`);
    const env = { DCP_CONFIG: '../etc/published', DCP_SCHEDULER_LOCATION: 'https://s.example' };
    assert.deepEqual(machine.warnings({ env }), []);
    appendFileSync(file, ' ');
    assert.match(machine.errors({ env })[0]!, /^\/package\/etc\/published\.js: is not as it was shipped/);
  },
);

test('what is changed belongs in a place of its own, which wins', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, '{ worker: { utilization: { cpu: 0.5 } } }');
  assert.deepEqual({ ...machine.load().values.worker.utilization }, { cpu: 0.5, gpu: 1 });
});
