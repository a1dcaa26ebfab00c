/** The filter of calls: what it lets a process do, what it answers, and what becomes of the evaluator around it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  openChildProcessEvaluator,
  parseSeccomp,
  type ConfinementOptions,
  type Evaluator,
} from '#src/evaluator/index.js';
import { evaluatorEnvironment } from '#src/evaluator/child-process/environment.js';
import { completeConfinement, Confinement } from '#src/evaluator/confinement/index.js';
import { layersOf } from '#src/evaluator/peer/layers.js';
import { encode } from '#src/codec/index.js';
import { InvalidArgumentError, type EvaluatorError } from '#src/model/index.js';
import { slices, start } from '../evaluator/support.js';
import { gpuMissing, WEBGPU } from '../gpu/support.js';
import { ATTEMPTS, FILTER_ALONE, openBroken } from './broken-evaluator.js';

const softwareGpu = await gpuMissing();
const MADE = `${ATTEMPTS}.made`;

/**
 * Runs a script in a process of its own that has put the filter on itself, null: none; `native` and `attempts` are the
 * addons.
 */
async function behindFilter(profiles: readonly string[] | null, script: string) {
  const addon = fileURLToPath(import.meta.resolve('#src/evaluator/native.js'));
  const env = evaluatorEnvironment(process.env);
  // The launcher, because a newer libuv makes rings of io_uring otherwise.
  const confinement = new Confinement({ ...completeConfinement(FILTER_ALONE), gpu: false, env });
  const { child } = confinement.spawn(
    [
      '--input-type=module',
      '-e',
      `import { createRequire } from 'node:module';
       import { loadNative } from ${JSON.stringify(addon)};
       const native = loadNative();
       const attempts = createRequire('/')(${JSON.stringify(ATTEMPTS)});
       process.stdout.write('');
       const profiles = ${JSON.stringify(profiles)};
       const problem = profiles === null ? '' : native.confineCalls(profiles);
       if (problem !== '') throw new Error(problem);
       ${script}`,
    ],
    ['ignore', 'pipe', 'pipe'],
    { cwd: '/', env },
  );
  const [stdout, stderr] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close'),
  ]);
  return { status: child.exitCode, signal: child.signalCode, stdout, stderr };
}

test('what nothing but an attack would call ends the process', async () => {
  const { stdout } = await behindFilter(['cpu'], `console.log(JSON.stringify(attempts.deadlyNames()))`);
  const names = JSON.parse(stdout) as string[];
  assert.ok(names.length >= 5);
  for (const [index, name] of names.entries()) {
    const call = `process.exit(attempts.attemptDeadly(${index}))`;
    const free = (await behindFilter(null, call)).signal;
    // A kernel without calls of 32 bits takes them for an error of the program.
    assert.ok(free === null || free === 'SIGSEGV', `${name}: ${free}`);
    const { signal, stderr } = await behindFilter(['cpu'], call);
    assert.equal(signal, free ?? 'SIGSYS', `${name}: ${stderr}`);
  }
});

test('a crash is what it was', async () => {
  for (const [script, signal] of [
    ['process.abort()', 'SIGABRT'],
    [`process.kill(process.pid, 'SIGTERM')`, 'SIGTERM'],
    ['process.exit(7)', null],
  ] as const) {
    const ended = await behindFilter(['cpu'], script);
    assert.equal(ended.signal, signal, ended.stderr);
    if (signal === null) assert.equal(ended.status, 7);
  }
});

test('an error that nobody catches is told', async () => {
  const { status, stderr } = await behindFilter(['cpu'], `throw new RangeError('so it goes')`);
  assert.equal(status, 1);
  assert.match(stderr, /RangeError: so it goes/);
});

test('threads can be made; processes, files and sockets cannot', async () => {
  const { stdout, stderr } = await behindFilter(
    ['cpu'],
    `import fs from 'node:fs'; import { spawnSync } from 'node:child_process'; import net from 'node:net';
     import { randomBytes } from 'node:crypto';
     const tell = async (what, run) => {
       try { console.log(what, await run()); } catch (error) { console.log(what, error.code); }
     };
     await tell('random', () => randomBytes(1e6).length);
     await tell('pool', () => new Promise((resolve) => import('node:zlib').then((zlib) => zlib.gzip('x', () => resolve('ran')))));
     await tell('read', () => fs.readFileSync('/etc/passwd').length);
     await tell('write', () => fs.writeFileSync(${JSON.stringify(MADE)}, 'x'));
     await tell('stat', () => fs.statSync('/').size);
     await tell('spawn', () => spawnSync('/bin/true').error?.code);
     await tell('connect', () => new Promise((_, reject) => net.connect(1, '127.0.0.1').on('error', reject)));`,
  );
  assert.equal(
    stdout,
    'random 1000000\npool ran\nread EPERM\nwrite EPERM\nstat EPERM\nspawn EPERM\nconnect EPERM\n',
    stderr,
  );
});

test('with a GPU that computes on the CPU files can be read, and not written', async () => {
  const { stdout, stderr } = await behindFilter(
    ['software-gpu'],
    `import fs from 'node:fs';
     const tell = (what, run) => { try { console.log(what, run()); } catch (error) { console.log(what, error.code); } };
     tell('read', () => fs.readFileSync(${JSON.stringify(ATTEMPTS)}).length > 0);
     tell('write', () => fs.openSync(${JSON.stringify(ATTEMPTS)}, 'r+'));
     tell('make', () => fs.openSync(${JSON.stringify(MADE)}, 'w'));
     tell('append', () => fs.openSync(${JSON.stringify(ATTEMPTS)}, 'a'));
     tell('narrow', () => native.confineCalls(['cpu']));
     tell('read', () => fs.readFileSync(${JSON.stringify(ATTEMPTS)}).length > 0);`,
  );
  assert.equal(stdout, 'read true\nwrite EPERM\nmake EPERM\nappend EPERM\nnarrow \nread EPERM\n', stderr);
  assert.ok(!existsSync(MADE));
});

test('behind the filter of the CPU there is no other', async () => {
  const { stdout } = await behindFilter(['cpu'], `console.log(native.confineCalls(['cpu']))`);
  assert.equal(stdout, 'seccomp: Operation not permitted\n');
});

test('the filter is on all threads of an evaluator before it is ready', async (t) => {
  const { peer } = await openBroken(t, { confinement: FILTER_ALONE, threads: 2 });
  assert.deepEqual(peer.layers, [{ name: 'seccomp', state: 'on', why: null }]);
  const status = readFileSync(`/proc/${peer.link.process.pid}/status`, 'utf8');
  assert.match(status, /^Seccomp:\s*2$/m);
  assert.match(status, /^NoNewPrivs:\s*1$/m);
  assert.deepEqual([...new Set(peer.link.filters())], [2]);
});

test('the host is told of the layer', async (t) => {
  const stateOf = async (confinement: ConfinementOptions) => {
    const evaluator = await openChildProcessEvaluator({ threads: 1, gpu: null, confinement });
    t.after(() => evaluator.close());
    return evaluator.confinement?.layers.find(({ name }) => name === 'seccomp');
  };
  assert.deepEqual(await stateOf({}), { name: 'seccomp', state: 'on', why: null });
  assert.equal((await stateOf({ without: ['seccomp'] }))?.state, 'off');
  assert.equal((await stateOf({ mode: 'off' }))?.state, 'off');
});

test(
  'a process that serves a Job without a GPU gives up what drivers need',
  { skip: softwareGpu },
  async (t) => {
    const evaluator = await openBroken(t, { gpu: { allowSoftware: true } });
    const canRead = () =>
      evaluator.tell({
        do: 'script',
        script: `require('fs').closeSync(require('fs').openSync(process.execPath))`,
      });
    assert.equal(await canRead(), null);
    await start(evaluator, (n: number) => n);
    assert.deepEqual(await canRead(), { code: 'EPERM' });
  },
);

test('a process that serves a Job with a GPU keeps it', { skip: softwareGpu }, async (t) => {
  const evaluator = await openBroken(t, { gpu: { allowSoftware: true } });
  const { sandbox, seen } = await start(
    evaluator,
    'async () => (await navigator.gpu.requestAdapter()) !== null',
    { job: WEBGPU },
  );
  sandbox.run(slices([1]));
  await seen.untilEnded(1);
  assert.deepEqual([...seen.values.values()], [true]);
});

test('a process whose thread dies is replaced: behind the filter no other can take its place', async (t) => {
  const evaluator = await openBroken(t, {});
  const { seen } = await start(evaluator, (n: number) => n);
  const { peer } = evaluator;
  await evaluator.tell({ do: 'endThreads' });
  await seen.until(() => seen.end !== null);
  assert.match(seen.end!.error!.message, /^the evaluator process was ended: a thread of it died$/);
  assert.equal((seen.end!.error as EvaluatorError).suspects, 0);
  await peer.gone;
  // The next one serves the Job.
  const again = await start(evaluator, (n: number) => n + 1);
  again.sandbox.run(slices([1]));
  await again.seen.untilEnded(1);
  assert.equal(again.seen.values.get(1), 2);
});

test('where the kernel takes no filter, the layer is missing, or there is no evaluator', async (t) => {
  const why = 'the filter cpu cannot be set: seccomp: Operation not permitted';
  const { peer } = await openBroken(t, { takesFilters: false });
  assert.deepEqual(peer.layers, [{ name: 'seccomp', state: 'missing', why }]);
  await assert.rejects(
    openBroken(t, { takesFilters: false, confinement: { mode: 'require' } }),
    (error: Error) =>
      error.message.includes(`--confinement=require: no evaluator, for a layer is missing: seccomp (${why})`),
  );
});

test('Work Functions get time zone and randomness as without the filter', async (t) => {
  const work = `() => [new Date(0).getTimezoneOffset(), new Date(1e12).toString(),
    Intl.DateTimeFormat().resolvedOptions().timeZone, crypto.getRandomValues(new Uint8Array(65536)).length]`;
  const answers: unknown[] = [];
  for (const confinement of [{}, { mode: 'off' }] as const) {
    const evaluator: Evaluator = await openChildProcessEvaluator({ threads: 1, gpu: null, confinement });
    t.after(() => evaluator.close());
    const { sandbox, seen } = await start(evaluator, work);
    sandbox.run(slices([1]));
    await seen.untilEnded(1);
    answers.push(seen.values.get(1));
  }
  assert.deepEqual(answers[0], answers[1]);
});

test('what names a profile, and what does not', () => {
  assert.deepEqual(parseSeccomp('nvidia,mesa'), ['nvidia', 'mesa']);
  assert.equal(parseSeccomp('off'), null);
  for (const name of ['', 'gpu', 'cpu,', 'off,cpu'])
    assert.throws(
      () => parseSeccomp(name),
      (error) =>
        error instanceof InvalidArgumentError && /^seccomp: expected cpu, .* got/.test(error.message),
    );
});

test('what an evaluator says of its layers is looked at', () => {
  const said = (value: unknown) => layersOf(encode(value).head);
  assert.deepEqual(said([{ name: 'seccomp', state: 'missing', why: 'no', more: 1 }]), [
    { name: 'seccomp', state: 'missing', why: 'no' },
  ]);
  for (const wrong of [
    null,
    'on',
    [null],
    [{ name: 'seccomp', state: 'great' }],
    [{ name: 'x', state: 'on' }],
  ])
    assert.throws(() => said(wrong), /its confinement/);
  assert.throws(() => layersOf(Uint8Array.of(0xc1)), /its confinement/);
  assert.throws(() => layersOf(undefined), /without its confinement/);
  assert.throws(() => said(Array.from({ length: 20 }, () => ({ name: 'seccomp', state: 'on' }))), /at most/);
});
