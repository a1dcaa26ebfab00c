import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { loadConfig } from '#src/config/index.js';
import { Machine, OWN } from './support.js';

/** Each place, lowest first, with the number of cores that it says. The shipped default says nothing of it. */
const FILES = [
  '/etc/dcp/dcp-config.js',
  '~/.dcp/dcp-config.js',
  '~/.dcp/dcp-worker/dcp-config.js',
  '~/.dcp/scope/night.js',
  '/etc/dcp/dcp-worker/dcp-config.js',
  '/etc/dcp/override-dcp-config.js',
  '/etc/dcp/scope/night.js',
  '/etc/override/dcp/dcp-worker/dcp-config.js',
];

test('of all places that say the same key the highest counts', (t) => {
  const machine = new Machine(t);
  machine.write('package/etc/lowest.js', '{ worker: { cores: { cpu: 100 } } }');
  FILES.forEach((name, index) => machine.write(name, `{ worker: { cores: { cpu: ${index + 1} } } }`));
  const base = { DCP_CONFIG: '../etc/lowest', DCP_CONFIG_SCOPE: 'night' };
  const said = (env: Record<string, string>, cores?: number): [number | null, string] => {
    const argvLayer = [{ key: 'worker.cores.cpu', value: cores, option: '--cores' }];
    const config = machine.load({ env: { ...base, ...env }, argvLayer });
    return [
      config.values.worker.cores.cpu,
      config.sourceOf('worker.cores.cpu')!.place.label.replace(machine.root, ''),
    ];
  };
  const variable = { DCP_CONFIG_worker_cores_cpu: '50' };
  assert.deepEqual(said(variable, 60), [60, '--cores']);
  assert.deepEqual(said(variable), [50, '$DCP_CONFIG_worker_cores_cpu']);
  for (const [index, name] of [...FILES.entries()].reverse()) {
    assert.deepEqual(said({}), [index + 1, name]);
    rmSync(machine.file(name));
  }
  assert.deepEqual(said({}), [100, '/package/etc/lowest.js']);
});

test('the places are named, lowest first, with the files that are there', (t) => {
  const machine = new Machine(t);
  const file = machine.write(OWN, '{}');
  const places = machine.load().places.map(({ label }) => label.replace(machine.root, ''));
  assert.deepEqual(places, [
    '/package/etc/dcp-worker-config',
    ...FILES.filter((name) => !name.includes('scope')).map((name) => name.replace('.js', '')),
  ]);
  assert.deepEqual(
    machine.load().places.flatMap((place) => place.file ?? []),
    [machine.file('package/etc/dcp-worker-config.js'), file],
  );
});

test('objects merge, lists and values are replaced, undefined leaves what is below, null goes back', (t) => {
  const machine = new Machine(t);
  machine.write(
    '/etc/dcp/dcp-config.js',
    "{ worker: { cores: { cpu: 1, gpu: 2 }, allowOrigins: { any: ['https://a', 'https://b'] }, lease: 5, stopTimeout: 3 } }",
  );
  machine.write(
    OWN,
    "{ worker: { cores: { cpu: undefined, gpu: 4 }, allowOrigins: { any: ['https://c'] }, lease: null, stopTimeout: undefined } }",
  );
  const { cores, allowOrigins, lease, stopTimeout } = machine.load().values.worker;
  assert.deepEqual({ ...cores }, { cpu: 1, gpu: 4 });
  assert.deepEqual(allowOrigins.any, ['https://c']);
  assert.deepEqual([lease, stopTimeout], [60, 3]);
});

test('a list of the command line may come behind what files say', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, "{ worker: {\n allowOrigins: { any: ['https://a'] } } }");
  const config = machine.load({
    argvLayer: [
      { key: 'worker.allowOrigins.any', value: ['https://b'], option: '--allowedOrigins', appends: true },
      { key: 'worker.jobAddresses', value: ['j'], option: '--job-id', appends: true },
    ],
  });
  assert.deepEqual(config.values.worker.allowOrigins.any, ['https://a', 'https://b']);
  assert.deepEqual(config.values.worker.jobAddresses, ['j']);
  assert.deepEqual(config.show('worker.allowOrigins.any'), [
    `worker.allowOrigins.any = [ "https://a", "https://b" ]    ${OWN}:2, --allowedOrigins`,
  ]);
});

test('the program is asked for keys that there are', (t) => {
  const machine = new Machine(t);
  assert.throws(
    () => machine.load({ argvLayer: [{ key: 'worker.core.cpu', value: 1, option: '-c' }] }),
    /argvLayer: there is no key worker\.core\.cpu \(did you mean worker\.cores\.cpu\?\)/,
  );
});

test('values of the command line are held to the schema', (t) => {
  const machine = new Machine(t);
  const argvLayer = [{ key: 'worker.cores', value: { cpu: 0, gpu: 1 }, option: '--cores' }];
  assert.deepEqual(
    machine.errors({ argvLayer: [{ key: 'worker.cores.cpu', value: 0, option: '--cores' }] }),
    ['--cores: worker.cores.cpu: expected a whole number from 1 to 1024, got 0'],
  );
  assert.throws(() => machine.load({ argvLayer }), /there is no key worker\.cores/);
});

test('of several files in one place the first counts, and the others are named', (t) => {
  const machine = new Machine(t);
  for (const [extension, lease] of [
    ['.js', '{ worker: { lease: 3 } }'],
    ['.jsonc', '{ "worker": { "lease": 2 } }'],
    ['.json', '{ "worker": { "lease": 1 } }'],
    ['.kvin', ''],
  ] as const)
    machine.write(`~/.dcp/dcp-config${extension}`, lease);
  assert.equal(machine.load().values.worker.lease, 1);
  assert.deepEqual(
    machine.warnings(),
    ['.jsonc', '.js', '.kvin'].map(
      (extension) => `~/.dcp/dcp-config${extension}: not read: ~/.dcp/dcp-config.json counts`,
    ),
  );
});

test('KVIN alone in a place is an error', (t) => {
  const machine = new Machine(t);
  machine.write('/etc/dcp/dcp-config.kvin', '{}');
  assert.deepEqual(machine.errors(), ['/etc/dcp/dcp-config.kvin: KVIN is not read here; write it as JSON']);
});

test('files that cannot be read are errors, all of them at once', (t) => {
  const machine = new Machine(t);
  mkdirSync(machine.file('~/.dcp/dcp-config.js'), { recursive: true });
  machine.write(OWN, Buffer.from([0x7b, 0xff, 0x7d]));
  machine.write('/etc/dcp/dcp-worker/dcp-config.js', `{}${' '.repeat(1024 * 1024 - 1)}`);
  spawnSync('mkfifo', [machine.write('/etc/dcp/x', '').replace(/x$/, 'override-dcp-config.js')]);
  assert.deepEqual(machine.errors(), [
    '~/.dcp/dcp-config.js: is a directory; expected a file',
    `${OWN}: is not UTF-8`,
    '/etc/dcp/dcp-worker/dcp-config.js: is larger than 1048576 bytes',
    '/etc/dcp/override-dcp-config.js: is no regular file',
  ]);
});

test('a file of 1 MiB is read', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, `{}${' '.repeat(1024 * 1024 - 2)}`);
  assert.deepEqual(machine.errors(), []);
});

test('a byte order mark, and CRLF, are no part of what is written', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, '\uFEFF{\r\n  worker: {\r\n    lease: "5" } }\r\n');
  assert.deepEqual(machine.errors(), [
    `${OWN}:3:12: worker.lease: expected a number from 1 to 86400, got "5"`,
  ]);
});

test('a folder that is a file has no configuration in it', (t) => {
  const machine = new Machine(t);
  machine.write('~/.dcp', 'a file');
  assert.deepEqual(machine.errors(), []);
});

test('what this user may not read is an error; where it may not look, a warning', (t) => {
  const machine = new Machine(t);
  chmodSync(machine.write(OWN, '{}'), 0);
  machine.write('/etc/dcp/dcp-config.js', '{}');
  chmodSync(machine.file('/etc/dcp'), 0o700);
  // Whoever runs this may be root, who may read everything.
  const asNobody = process.getuid!() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const places = ['home', 'package', 'package/etc', 'home/.dcp', 'home/.dcp/dcp-worker', 'etc', '.'];
  for (const name of places) chmodSync(path.join(machine.root, name), 0o755);
  if (process.getuid!() !== 0) chmodSync(machine.file('/etc/dcp'), 0);
  const code = `import { loadConfig, problemText } from ${JSON.stringify(import.meta.resolve('#src/config/index.js'))};
    const [home, etc, root] = process.argv.slice(1);
    try { loadConfig({ program: 'dcp-worker', env: {}, home, etc, package: root, cwd: '/' }); }
    catch ({ errors, warnings }) { console.log([...errors, ...warnings].map(problemText).join('\\n')); }`;
  const args = ['home', 'etc', 'package'].map((name) => machine.file(name));
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code, ...args], {
    ...asNobody,
    cwd: '/',
    encoding: 'utf8',
  });
  chmodSync(machine.file('/etc/dcp'), 0o700);
  const lines = child.stdout.trim().replaceAll(machine.root, '').split('\n');
  assert.deepEqual(lines.slice(0, 1), [`${OWN}: cannot be read (EACCES)`], child.stderr);
  assert.ok(lines.includes('/etc/dcp/dcp-config.js: cannot be looked for (EACCES)'), lines.join('\n'));
});

test('a file that everybody may write is refused, and so is one in such a folder', (t) => {
  const machine = new Machine(t);
  const file = machine.write(OWN, '{}');
  const expected = (name: string): string[] => [
    `${OWN}: is not safe: everybody may write to ${name}; set DCP_CLIENT_ALLOW_INSECURE_CONFIGURATION to accept that`,
  ];
  chmodSync(file, 0o666);
  assert.deepEqual(machine.errors(), expected('/home/.dcp/dcp-worker/dcp-config.js'));
  assert.deepEqual(machine.errors({ env: { DCP_CLIENT_ALLOW_INSECURE_CONFIGURATION: '1' } }), []);
  chmodSync(file, 0o644);
  chmodSync(path.dirname(file), 0o777);
  assert.deepEqual(machine.errors(), expected('/home/.dcp/dcp-worker'));
  chmodSync(path.dirname(file), 0o1777);
  assert.deepEqual(machine.errors(), []);
});

test('a link is as safe as what it leads to', (t) => {
  const machine = new Machine(t);
  const target = machine.write('open/target.js', '{}');
  chmodSync(path.dirname(target), 0o777);
  mkdirSync(path.dirname(machine.file(OWN)), { recursive: true });
  symlinkSync(target, machine.file(OWN));
  assert.match(machine.errors()[0]!, /is not safe: everybody may write to \/open;/);
});

test(
  'a file of another user is refused',
  { skip: process.getuid!() !== 0 && 'only root gives files away' },
  (t) => {
    const machine = new Machine(t);
    chownSync(machine.write(OWN, '{}'), 65_533, 65_533);
    assert.match(
      machine.errors()[0]!,
      /is not safe: it belongs to user 65533, not to root, this user or the program's/,
    );
  },
);

test('the roots are found in the environment', (t) => {
  const machine = new Machine(t);
  machine.write('~/.dcp/dcp-config.js', '{ worker: { lease: 5 } }');
  machine.write('/etc/dcp/dcp-config.js', '{ worker: { stopTimeout: 6 } }');
  for (const name of ['DCP_ETC', 'DCP_ETCDIR']) {
    const env = { DCP_HOMEDIR: machine.file('home'), [name]: machine.file('etc') };
    const { lease, stopTimeout } = loadConfig({ program: 'dcp-worker', env }).values.worker;
    assert.deepEqual([lease, stopTimeout], [5, 6]);
  }
});

test('another program has places of its own', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, '{ worker: { lease: 5 } }');
  machine.write('~/.dcp/other/dcp-config.js', '{ worker: { lease: 6 } }');
  assert.equal(machine.load({ program: 'other' }).values.worker.lease, 6);
});

test('a scope that is no name of a file is an error, and not just looked over', (t) => {
  const machine = new Machine(t);
  machine.write('~/.dcp/secret.js', '{ worker: { lease: 5 } }');
  for (const scope of ['../secret', 'gpu:0', '.hidden'])
    assert.throws(() => machine.load({ env: { DCP_CONFIG_SCOPE: scope } }), {
      code: 'EINVAL',
      message: `$DCP_CONFIG_SCOPE: expected letters, digits, "_", "-" and, but at the beginning, ".", got "${scope}"`,
    });
});
