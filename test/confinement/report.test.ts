/** What is said of the confinement: options, report, profiles, and what each program tells. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { ConfinedProcess } from '#src/evaluator/confinement/confinement.js';
import { Confinement, completeConfinement } from '#src/evaluator/confinement/index.js';
import { reachOf } from '#src/evaluator/confinement/launcher.js';
import { LAYERS, type LayerName } from '#src/evaluator/confinement/layers.js';
import { profilesOf } from '#src/evaluator/confinement/profiles.js';
import { readLauncherReport, reportOf, unconfined } from '#src/evaluator/confinement/report.js';
import {
  confinementText,
  openChildProcessEvaluator,
  openRemoteEvaluator,
  runSingleSlice,
} from '#src/evaluator/index.js';
import { loadNative } from '#src/evaluator/native.js';
import { programBesideAddon } from '#src/system/index.js';
import { evaluatorsBelow, isNode } from './processes.js';
import { attempts, noNamespaces, startConfined, stateOf, until } from './support.js';

const skip = noNamespaces;
const TRIAL = { name: 'confined', workFunction: '(n) => n * 2', datum: 21, timeoutMs: 10_000 };

test('an evaluator is confined unless it is told otherwise, and says by what', { skip }, async (t) => {
  const evaluator = await openChildProcessEvaluator({ threads: 1, gpu: null });
  t.after(() => evaluator.close());
  assert.equal(await runSingleSlice(evaluator, TRIAL), 42);
  const { mode, profiles, layers } = evaluator.confinement!;
  assert.deepEqual([mode, profiles, layers.map(({ name }) => name)], ['best-effort', ['cpu'], [...LAYERS]]);
  for (const { name, why } of layers.filter(({ state }) => state !== 'on'))
    assert.ok(name === 'cgroup', `${name}: ${why}`);
  // The process that is told of is the evaluator, not the launcher beside it.
  const { pid } = evaluator.stats().processes[0]!;
  assert.ok(isNode(pid));
  assert.match(readFileSync(`/proc/${pid}/status`, 'latin1'), /^NoNewPrivs:\s*1$/m);
});

test('off: nothing is in between, and it is said', async (t) => {
  const evaluator = await openChildProcessEvaluator({ threads: 1, gpu: null, confinement: { mode: 'off' } });
  t.after(() => evaluator.close());
  const report = evaluator.confinement!;
  assert.ok(report.layers.every(({ state }) => state === 'off'));
  assert.equal(confinementText(report), 'evaluators are not confined: --confinement=off');
  const { pid } = evaluator.stats().processes[0]!;
  assert.match(readFileSync(`/proc/${pid}/status`, 'latin1'), new RegExp(`^PPid:\\s*${process.pid}$`, 'm'));
});

test('require: a layer that was asked for and is missing is refused, with the reason', async () => {
  const confinement = { mode: 'require', memoryMiB: 1024, cgroup: null } as const;
  await assert.rejects(openChildProcessEvaluator({ threads: 1, gpu: null, confinement }), {
    name: 'EvaluatorError',
    message:
      /^--confinement=require: no evaluator, for layers are missing: .*cgroup \(no cgroup was delegated to it: memory is limited by RLIMIT_DATA alone; a service with Delegate=/,
  });
});

test('a standing evaluator says it when it starts, and its processes are confined', { skip }, async (t) => {
  const program = fileURLToPath(import.meta.resolve('#bin/dcp-evaluator.js'));
  const words = ['--frames', '--port', '0', '-d', '5', '--no-gpu', '--threads', '1'];
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  await until('it listens', () => said.includes('Listening on'), 20_000);
  assert.match(
    said,
    /^dcp-evaluator: evaluators are confined: user-namespace, .*landlock, descriptors, seccomp on; /m,
  );
  const port = Number(/^Listening on .*:(\d+)$/m.exec(said)![1]);
  const evaluator = openRemoteEvaluator({ host: '127.0.0.1', port });
  t.after(() => evaluator.close());
  assert.equal(await runSingleSlice(evaluator, TRIAL), 42);
  // One more is started as soon as a Job has one: it is the launcher at first.
  await until('they are confined', () => {
    const all = evaluatorsBelow(child.pid!);
    return all.length > 0 && all.every((pid) => isWithoutNewPrivileges(pid));
  });
});

test('options out of range are refused, with field and value', () => {
  const cases: [Parameters<typeof completeConfinement>[0], string][] = [
    [{ mode: 'yes' as 'off' }, 'confinement.mode: expected require, best-effort, off, got yes'],
    [{ memoryMiB: 1023 }, 'confinement.memoryMiB: expected whole MiB from 1024 to 1073741824, got 1023'],
    [
      { memoryMiB: 1.5e3 + 0.5 },
      'confinement.memoryMiB: expected whole MiB from 1024 to 1073741824, got 1500.5',
    ],
    [{ cacheDirectory: 'cache' }, 'confinement.cacheDirectory: expected an absolute path, got "cache"'],
    [{ cgroup: 'me' }, 'confinement.cgroup: expected an absolute path, got "me"'],
    [{ without: ['locks' as LayerName] }, 'confinement.without: expected names of layers, got locks'],
  ];
  for (const [options, message] of cases)
    assert.throws(() => completeConfinement(options), { name: 'InvalidArgumentError', message });
});

test('what is no report is an error, and nothing is none', () => {
  assert.equal(readLauncherReport(''), null);
  for (const text of ['what', '{}', '{"pid":1}', '[]'])
    assert.throws(() => readLauncherReport(text), {
      name: 'EvaluatorError',
      message: /the launcher of evaluators says/,
    });
  // The last line counts: it says why what the first announced did not come.
  const line = (failure: string | null): string =>
    JSON.stringify({ pid: 1, profiles: [], layers: [], cgroup: null, failure });
  assert.equal(readLauncherReport(`${line(null)}\n${line('no')}\n`)!.failure, 'no');
});

test('where there is no launcher the sentence says so once', () => {
  const why = 'there is no confinement for plan9 yet';
  assert.equal(
    confinementText(unconfined('best-effort', 'missing', why)),
    `evaluators are not confined: ${why}`,
  );
});

test('profiles follow the drivers: a machine without any has none but that of the CPU', () => {
  const of = (manifest: string, library = ''): readonly string[] => profilesOf([{ manifest, library }]);
  assert.deepEqual(profilesOf([]), ['cpu']);
  assert.deepEqual(of('/usr/share/vulkan/icd.d/nvidia_icd.json', 'libGLX_nvidia.so.0'), ['cpu', 'nvidia']);
  assert.deepEqual(of('/usr/share/vulkan/icd.d/radeon_icd.x86_64.json', 'libvulkan_radeon.so'), [
    'cpu',
    'mesa',
  ]);
  assert.deepEqual(of('/opt/vk_swiftshader_icd.json', '/opt/libvk_swiftshader.so'), ['cpu', 'software-gpu']);
  assert.deepEqual(of('/usr/share/vulkan/icd.d/lvp_icd.x86_64.json', 'libvulkan_lvp.so'), [
    'cpu',
    'software-gpu',
  ]);
});

test('an evaluator without a GPU gets neither device nor manifest, one with a rasteriser no device', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-icd-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const manifest = path.join(folder, 'vk_swiftshader_icd.json');
  writeFileSync(manifest, JSON.stringify({ ICD: { library_path: './libvk_swiftshader.so' } }));
  const env = { VK_DRIVER_FILES: manifest };
  const without = reachOf({ gpu: false, env });
  assert.deepEqual(without.profiles, ['cpu']);
  assert.ok(!without.files.some((file) => file.startsWith(folder)));
  const software = reachOf({ gpu: true, env });
  assert.deepEqual(software.profiles, ['cpu', 'software-gpu']);
  assert.ok([manifest, folder].every((file) => software.files.includes(file)));
});

test('the table of files: every entry has its reason, devices are those of GPUs or lead nowhere', () => {
  const rows = execFileSync(programBesideAddon('dcp-confine')!, ['--list'], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const entries = rows.map((row) => row.split('\t') as [string, string, string, string]);
  for (const entry of entries) assert.ok(entry.length === 4 && entry[3].length > 3, entry.join());
  const devices = (profile: string): string[] =>
    entries.filter((entry) => entry[0] === profile && entry[1] === 'device').map((entry) => entry[2]);
  assert.deepEqual(devices('cpu'), ['/dev/null', '/dev/zero', '/dev/random', '/dev/urandom']);
  assert.deepEqual(devices('software-gpu'), []);
  assert.ok(devices('nvidia').every((file) => file.startsWith('/dev/nvidia')));
  assert.deepEqual(devices('mesa'), ['/dev/dri/renderD*']);
  // The documentation has the same table.
  const page = readFileSync(new URL('../../docs/CONFINEMENT.md', import.meta.url), 'utf8');
  const told = page.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
  for (const entry of entries)
    assert.ok(
      told.some((row) => row.join() === entry.join()),
      entry.join(),
    );
});

const V2 = /^\S+ (\/\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
const noCgroup =
  noNamespaces ||
  (V2 === undefined
    ? 'no cgroup of version 2'
    : process.getuid?.() !== 0 && 'only root may make a cgroup here');

test('a cgroup that is given holds the process, and is gone with it', { skip: noCgroup }, async (t) => {
  const parent = path.join(V2!, `dcp-test-${process.pid}`);
  mkdirSync(parent);
  t.after(() => rmdirSync(parent));
  const groups = (): string[] =>
    readdirSync(parent).filter((name) => existsSync(path.join(parent, name, 'cgroup.procs')));
  const confined = startConfined(['-e', 'console.log(1); setInterval(() => 0, 1000)'], { cgroup: parent });
  await new Promise((resolve) => confined.child.stdout!.once('data', resolve));
  confined.settle();
  const [group] = groups() as [string];
  assert.equal(readFileSync(path.join(parent, group, 'cgroup.procs'), 'utf8'), `${confined.pid}\n`);
  const { state, why } = confined.report!.layers.find(({ name }) => name === 'cgroup')!;
  if (readFileSync(path.join(parent, 'cgroup.controllers'), 'utf8').includes('pids'))
    assert.equal(state, 'on');
  else assert.deepEqual([state, why], ['missing', `${path.join(parent, group)} has no controller pids`]);
  confined.kill();
  await until('the group is gone', () => groups().length === 0);
  // The launcher cannot take it away when it is killed; whoever started it does.
  const other = startConfined(['-e', 'console.log(1); setInterval(() => 0, 1000)'], { cgroup: parent });
  await new Promise((resolve) => other.child.stdout!.once('data', resolve));
  other.child.kill('SIGKILL');
  await until('the group of one that was killed is gone', () => groups().length === 0);
});

for (const without of [['descriptors'], LAYERS] as LayerName[][])
  test(
    `the report is complete while the program runs, without ${without.length} layers`,
    { skip },
    async (t) => {
      const confined = startConfined(['-e', 'console.log(1); setInterval(() => 0, 1000)'], { without });
      t.after(() => confined.kill());
      await new Promise((resolve) => confined.child.stdout!.once('data', resolve));
      confined.settle();
      // The program had the descriptor, too, and it did not end before the program did.
      assert.ok(confined.report !== null, 'no report');
      assert.equal(stateOf(confined.report, 'descriptors'), 'off');
      assert.ok(isNode(confined.pid));
    },
  );

test('a report is complete with its line, whoever keeps the descriptor longer than that', async (t) => {
  const { closeDescriptor, socketPair } = loadNative();
  const [ours, theirs] = socketPair();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  t.after(() => closeDescriptor(theirs));
  const confined = new ConfinedProcess(child, ours, null, (report) => [
    reportOf('best-effort', report),
    null,
  ]);
  const line = JSON.stringify({ pid: child.pid, profiles: [], layers: [], cgroup: null, failure: null });
  writeSync(theirs, line);
  const modeNow = () => {
    confined.settle();
    return confined.report?.mode;
  };
  assert.equal(modeNow(), undefined);
  writeSync(theirs, '\n');
  assert.equal(modeNow(), 'best-effort');
  child.kill('SIGKILL');
  await once(child, 'close');
});

test('the probe says the same as a process', { skip }, async () => {
  const confinement = new Confinement({ ...completeConfinement(), gpu: false, env: {} });
  const { report } = await attempts('');
  assert.deepEqual(confinement.probe(), report);
  assert.equal(stateOf(report, 'landlock'), 'on');
});

test('a launcher that says nothing is an error of its own', () => {
  const { status } = spawnSync(
    programBesideAddon('dcp-confine')!,
    ['--report=3', '--parent=1', '--', process.execPath],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  );
  // It was started by somebody else than it was told, who must have ended.
  assert.equal(status, 0);
});

function isWithoutNewPrivileges(pid: number): boolean {
  try {
    return /^NoNewPrivs:\s*1$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    // It has ended meanwhile.
    return true;
  }
}
