/** What a confined process cannot do, by each layer alone where two forbid the same, and that it could without them. */
import assert from 'node:assert/strict';
import { spawnSync, type StdioOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { LayerName } from '#src/evaluator/confinement/layers.js';
import { programBesideAddon } from '#src/system/index.js';
import { attempts, noNamespaces, stateOf } from './support.js';

const skip = noNamespaces;
const LAUNCHER = programBesideAddon('dcp-confine')!;
/** Where a process that nothing keeps from it leaves files. */
const IN_ROOT = `/confined-${process.pid}`;
const IN_MEMORY = `/dev/shm/confined-${process.pid}`;

/** A folder of this user's, with a file that everybody may read. */
function folderOf(t: TestContext): { folder: string; file: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-confinement-'));
  t.after(() =>
    [folder, IN_ROOT, IN_MEMORY].forEach((name) => rmSync(name, { recursive: true, force: true })),
  );
  const file = path.join(folder, 'secret');
  writeFileSync(file, 'secret', { mode: 0o644 });
  return { folder, file };
}

const files = ({ folder, file }: { folder: string; file: string }): string => `
  await attempt('read', () => fs.readFileSync(${JSON.stringify(file)}, 'utf8'));
  await attempt('list', () => fs.readdirSync(${JSON.stringify(folder)}));
  await attempt('users', () => fs.readFileSync('/etc/passwd').length > 0);
  await attempt('create', () => fs.writeFileSync(${JSON.stringify(path.join(folder, 'new'))}, ''));
  await attempt('append', () => fs.appendFileSync(${JSON.stringify(file)}, 'x'));
  await attempt('remove', () => fs.unlinkSync(${JSON.stringify(file)}));
  await attempt('make a folder', () => fs.mkdirSync(${JSON.stringify(path.join(folder, 'd'))}));
  await attempt('root', () => fs.writeFileSync(${JSON.stringify(IN_ROOT)}, ''));
  await attempt('own memory', () => { fs.openSync('/proc/self/mem', 'r+'); });
  await attempt('kernel', () => fs.writeFileSync('/proc/sys/kernel/hostname', 'x'));
  await attempt('disks', () => fs.readdirSync('/dev').filter((name) => /^(sd|vd|nvme|dri|nvidia)/.test(name)));
  await attempt('shared memory', () => fs.writeFileSync(${JSON.stringify(IN_MEMORY)}, ''));
  await attempt('run', () => run('/bin/sh', ['-c', 'exit 3']));
  await attempt('run Node', () => run(process.execPath, ['-e', 'process.exit(4)']));
  await attempt('null', () => fs.writeFileSync('/dev/null', 'x'));`;

const DENIED = /^(ENOENT|EACCES|EROFS|EPERM)$/;
const FORBIDDEN = [
  'read',
  'list',
  'users',
  'create',
  'append',
  'remove',
  'make a folder',
  'root',
  'own memory',
  'kernel',
  'shared memory',
];

for (const without of [[], ['mount-namespace'], ['landlock']] as LayerName[][]) {
  const name = without.length === 0 ? 'with all layers' : `without ${without.join()}`;
  test(`no file but those of the profile can be opened, none written: ${name}`, { skip }, async (t) => {
    const place = folderOf(t);
    const { outcomes, report } = await attempts(files(place), { without });
    for (const what of FORBIDDEN) assert.match(String(outcomes[what]), DENIED, what);
    // Names can be seen where Landlock is alone, or in the root that is made for the process, where there are four.
    if (without.includes('landlock')) assert.deepEqual(outcomes['disks'], []);
    else assert.equal(outcomes['disks'], 'EACCES');
    // Landlock alone sees what is run; without it there is nothing else to run but Node.
    assert.match(String(outcomes['run']), DENIED);
    assert.deepEqual([outcomes['run Node'], outcomes['null']], [4, 'done']);
    for (const layer of without) assert.equal(stateOf(report, layer), 'off');
    assert.deepEqual([readFileSync(place.file, 'utf8'), readdirSync(place.folder)], ['secret', ['secret']]);
  });
}

test('without both of them the same can be done, but for what RLIMIT_FSIZE forbids', async (t) => {
  const place = folderOf(t);
  const { outcomes } = await attempts(files(place), { without: ['mount-namespace', 'landlock'] });
  assert.deepEqual([outcomes['read'], outcomes['list']], ['secret', ['secret']]);
  assert.deepEqual([outcomes['create'], outcomes['append'], outcomes['run']], ['done', 'EFBIG', 3]);
});

test('the cache directory can be written to, and nothing run that was put there', { skip }, async (t) => {
  const { folder } = folderOf(t);
  const body = `
    const file = ${JSON.stringify(path.join(folder, 'sh'))};
    await attempt('write', () => fs.writeFileSync(file, fs.readFileSync(process.execPath), { mode: 0o755 }));
    await attempt('run', () => run(file));
    await attempt('beside', () => fs.writeFileSync(file + '/../../dcp-beside', ''));`;
  const { outcomes } = await attempts(body, { cacheDirectory: folder });
  assert.equal(outcomes['write'], 'done');
  assert.match(String(outcomes['run']), DENIED);
  assert.match(String(outcomes['beside']), /^(ENOTDIR|ENOENT|EACCES|EROFS)$/);
});

test('no file can be longer than 0 bytes, but where the parts of a driver share memory', () => {
  const script = `fs.readFileSync('/proc/self/limits', 'latin1')`;
  for (const [profile, most] of [
    ['cpu', 0],
    ['software-gpu', 0],
    ['nvidia', 2 ** 28],
    ['mesa', 2 ** 28],
  ]) {
    const words = ['--report=3', `--profile=${profile}`, '--', process.execPath, '-p', script];
    const stdio: StdioOptions = ['ignore', 'pipe', 'ignore', 'pipe'];
    const { stdout } = spawnSync(LAUNCHER, words, { stdio, env: {}, encoding: 'latin1' });
    assert.match(stdout, new RegExp(`^Max file size +${most} +${most} +bytes`, 'm'));
  }
});

test('nobody can be connected to', { skip }, async (t) => {
  const server = createServer((socket) => socket.destroy());
  const abstract = createServer((socket) => socket.destroy());
  t.after(() => [server, abstract].forEach((each) => each.close()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const name = `\0dcp-confinement-${process.pid}`;
  await new Promise<void>((resolve) => abstract.listen(name, resolve));
  const { port } = server.address() as AddressInfo;
  const body = `
    await attempt('tcp', () => connect({ host: '127.0.0.1', port: ${port} }));
    await attempt('abstract', () => connect(${JSON.stringify(name)}));
    await attempt('listen', () => new Promise((resolve, reject) =>
      net.createServer().on('error', reject).listen(0, '127.0.0.1', () => resolve('listens') ).unref()));
    await attempt('interfaces', () => Object.keys(os.networkInterfaces()));`;
  const all = await attempts(body);
  assert.match(String(all.outcomes['tcp']), /^(ENETUNREACH|EACCES)$/);
  assert.equal(all.outcomes['abstract'], 'ECONNREFUSED');
  assert.match(String(all.outcomes['listen']), /^(EACCES|EADDRNOTAVAIL)$/);
  assert.deepEqual(all.outcomes['interfaces'], []);
  // Landlock by itself (ABI 4, and for the abstract socket 6), and neither of them.
  const landlock = await attempts(body, { without: ['network-namespace'] });
  assert.deepEqual(
    [landlock.outcomes['tcp'], landlock.outcomes['abstract'], landlock.outcomes['listen']],
    ['EACCES', 'EPERM', 'EACCES'],
  );
  const none = await attempts(body, { without: ['network-namespace', 'landlock', 'mount-namespace'] });
  assert.deepEqual([none.outcomes['tcp'], none.outcomes['abstract']], ['connected', 'connected']);
});

test('other processes are neither seen nor signalled, read nor traced', { skip }, async () => {
  const body = `
    await attempt('signal', () => process.kill(${process.pid}, 0));
    await attempt('environment', () => fs.readFileSync('/proc/${process.pid}/environ', 'utf8'));
    await attempt('memory', () => fs.openSync('/proc/${process.pid}/mem', 'r'));
    await attempt('files', () => fs.readlinkSync('/proc/${process.pid}/fd/0'));
    await attempt('init', () => fs.readFileSync('/proc/1/environ', 'utf8'));
    await attempt("init's root", () => fs.readdirSync('/proc/1/root/'));
    await attempt('processes', () => fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map(Number));`;
  const all = await attempts(body);
  assert.equal(all.outcomes['signal'], 'ESRCH');
  assert.deepEqual(all.outcomes['processes'], [1, 2]);
  for (const what of ['environment', 'memory', 'files', 'init', "init's root"])
    assert.match(String(all.outcomes[what]), DENIED, what);
  // The init of the namespace is closed to it without Landlock, too.
  const namespaces = await attempts(body, { without: ['landlock'] });
  for (const what of ['environment', 'memory', 'files', 'init', "init's root"])
    assert.match(String(namespaces.outcomes[what]), DENIED, `${what}, without Landlock`);
  // Landlock alone: they are seen, and that is all.
  const without = [
    'pid-namespace',
    'mount-namespace',
    'user-namespace',
    'network-namespace',
    'ipc-namespace',
  ] as const;
  const landlock = await attempts(body, { without });
  assert.equal(landlock.outcomes['signal'], 'EPERM');
  for (const what of ['environment', 'memory', 'files'])
    assert.match(String(landlock.outcomes[what]), DENIED, `${what}, by Landlock`);
  assert.ok((landlock.outcomes['processes'] as number[]).includes(process.pid));
  const none = await attempts(body, { without: [...without, 'landlock'] });
  assert.equal(none.outcomes['signal'], true);
});

test('it has no rights, gets none, and cannot make namespaces of its own', { skip }, async () => {
  const body = `
    const status = fs.readFileSync('/proc/self/status', 'utf8');
    await attempt('rights', () => [...status.matchAll(/^Cap(\\w+):\\s*0*(\\w)$/gm)].map(([, name, value]) => name + value));
    await attempt('new privileges', () => /^NoNewPrivs:\\s*(\\d)$/m.exec(status)[1]);
    await attempt('score', () => fs.readFileSync('/proc/self/oom_score_adj', 'utf8').trim());
    await attempt('lower', () => fs.writeFileSync('/proc/self/oom_score_adj', '0'));
    await attempt('root', () => process.setuid(12345));
    await attempt('namespaces', () => fs.readFileSync('/proc/sys/user/max_user_namespaces', 'utf8').trim());
    await attempt('own', () => fs.readlinkSync('/proc/self/ns/ipc'));`;
  const { outcomes } = await attempts(body);
  assert.deepEqual(outcomes['rights'], ['Inh0', 'Prm0', 'Eff0', 'Bnd0', 'Amb0']);
  assert.deepEqual([outcomes['new privileges'], outcomes['namespaces']], ['1', '0']);
  assert.equal(Number(outcomes['score']), 900);
  assert.match(String(outcomes['lower']), DENIED);
  // Nobody else is known in its user namespace.
  assert.match(String(outcomes['root']), /^(EINVAL|EPERM)$/);
  assert.notEqual(outcomes['own'], readlinkSync('/proc/self/ns/ipc'));
});

test('limits hold: descriptors, files, cores, memory', { skip }, async () => {
  const body = `
    const limits = fs.readFileSync('/proc/self/limits', 'utf8');
    await attempt('limits', () => ['core file', 'file', 'open files', 'processes', 'data'].map((name) =>
      new RegExp('^Max ' + name + '(?: size)? +(\\\\w+)', 'm').exec(limits)[1]));
    await attempt('descriptors', () => { for (let i = 0; i < 5000; i++) fs.openSync('/dev/null'); });
    await attempt('memory', () => { const kept = []; for (let i = 0; i < 64; i++) kept.push(new ArrayBuffer(32 * 2 ** 20)); });`;
  const plain = await attempts(body);
  assert.deepEqual(plain.outcomes['limits'], ['0', '0', '4096', '4096', 'unlimited']);
  assert.equal(plain.outcomes['descriptors'], 'EMFILE');
  assert.equal(plain.outcomes['memory'], 'done');
  const limited = await attempts(body, { memoryMiB: 1024 });
  assert.equal((limited.outcomes['limits'] as string[])[4], String(1024 * 2 ** 20));
  assert.match(String(limited.outcomes['memory']), /Array buffer allocation failed/);
});
