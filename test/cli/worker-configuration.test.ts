import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { jobFile, jsonLines, run, SQUARES, start, temporaryDirectory } from './support.js';

/** A home with a configuration, and the options of a Worker there. */
function configured(t: TestContext, text: string): { file: string; args: string[]; env: NodeJS.ProcessEnv } {
  const home = temporaryDirectory(t);
  const file = path.join(home, '.dcp/dcp-worker/dcp-config.js');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return {
    file,
    args: ['--scheduler', path.join(home, 'scheduler'), '--no-gpu'],
    env: { DCP_HOMEDIR: home, DCP_WORKER_SOCKET: path.join(home, 'worker.sock') },
  };
}

test('files and options are one configuration, and --showConfig says which of them a value is from', async (t) => {
  const { env } = configured(t, '{\n  worker: {\n    cores: { cpu: 3 },\n    maxSandboxes: 2,\n  },\n}\n');
  const { code, stdout } = await run(t, 'dcp-worker', ['-m', '5', '--showConfig', 'worker'], env);
  assert.equal(code, 0);
  assert.match(stdout, /^worker\.cores\.cpu = 3 +~\/\.dcp\/dcp-worker\/dcp-config\.js:3$/m);
  assert.match(stdout, /^worker\.maxSandboxes = 5 +--maxSandboxes$/m);
  assert.match(stdout, /^worker\.utilization\.cpu = 1 +/m);

  const json = await run(t, 'dcp-worker', ['--showConfig', 'worker.cores', '--json'], env);
  assert.deepEqual(JSON.parse(json.stdout), [
    { key: 'worker.cores.cpu', value: 3, source: '~/.dcp/dcp-worker/dcp-config.js:3' },
    { key: 'worker.cores.gpu', value: null, source: 'default: two for each adapter' },
  ]);

  const unknown = await run(t, 'dcp-worker', ['--showConfig', 'worker.corse'], env);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /worker\.corse: there is no such key.*worker\.cores/);

  const dumped = await run(t, 'dcp-worker', ['-g', 'club,hush', '--dumpConfig'], env);
  const dump = JSON.parse(dumped.stdout) as { worker: { cores: { cpu: number } } };
  assert.equal(dump.worker.cores.cpu, 3);
  assert.doesNotMatch(dumped.stdout, /hush/);
});

test('--showConfig and --dumpConfig warn of what the Worker would warn of', async (t) => {
  const { env } = configured(t, '{\n  worker: {\n    corez: { cpu: 3 },\n  },\n}\n');
  for (const option of ['--showConfig', '--dumpConfig']) {
    const { code, stdout, stderr } = await run(t, 'dcp-worker', [option], env);
    assert.equal(code, 0);
    assert.match(
      stderr,
      /dcp-config\.js:3:\d+: worker\.corez: is no key of the Worker \(did you mean cores\?\)/,
    );
    assert.doesNotMatch(stdout, /is no key/);
  }
});

test('every mistake in a configuration is named with file, line and key', async (t) => {
  const { args, env } = configured(
    t,
    "{\n  worker: {\n    cores: { cpu: 'seven' },\n    lease: 0,\n  },\n}\n",
  );
  const { code, stderr } = await run(t, 'dcp-worker', args, env);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^dcp-worker: ~\/\.dcp\/dcp-worker\/dcp-config\.js:3:\d+: worker\.cores\.cpu: expected a whole number from 1 to 1024, got "seven"$/m,
  );
  assert.match(stderr, /^dcp-worker: ~\/\.dcp\/dcp-worker\/dcp-config\.js:4:\d+: worker\.lease: expected /m);
});

test('what a part of the Worker refuses is named as the operator wrote it', async (t) => {
  const { args, env, file } = configured(t, "{ worker: { output: ['logfile'], logfile: { path: '/dev' } } }");
  const refused: [string[], string][] = [
    [[], '~/.dcp/dcp-worker/dcp-config.js:1:51: worker.logfile.path: /dev cannot be written: EISDIR'],
    [['--logfile', '/proc'], '--logfile: worker.logfile.path: /proc cannot be written: EISDIR'],
    [['-o', 'console,dashboard'], '--outputMode: worker.output: console and dashboard would both write'],
    [
      ['-o', 'json', '--http-port', '0', '--http-address', '0.0.0.0'],
      '--http-address: worker.status.httpAddress: 0.0.0.0 can be reached from other machines',
    ],
    [
      ['-o', 'json', '--status-socket', file],
      `--status-socket: worker.status.socket: ${file}: something else`,
    ],
    [
      ['-o', 'json', '--leavePublicGroup'],
      '--leavePublicGroup: worker.leavePublicGroup: expected one of computeGroups at least',
    ],
    [
      ['-o', 'syslog', '--syslogTransport', 'tls', '--syslog-cert', '/x.pem'],
      '--syslog-cert: worker.syslog.cert: expected its key beside it',
    ],
    [['-o', 'syslog', '--syslog-ca', '/x.pem'], '--syslog-ca: worker.syslog.ca: only with the transport tls'],
  ];
  await Promise.all(
    refused.map(async ([options, message]) => {
      const { code, stderr } = await run(t, 'dcp-worker', [...args, ...options], env);
      // What the command line makes of the file's keys may be warned of before.
      assert.ok(`\n${stderr}`.includes(`\ndcp-worker: ${message}`), `${stderr}: expected ${message}`);
      assert.equal(code, 2);
    }),
  );
});

test('an address that the machine does not have yet is no wrong configuration: a service that is started again may find it', async (t) => {
  const { args, env, file } = configured(t, '{}');
  writeFileSync(`${file}.token`, 'a-token-of-some-length');
  const options = ['-o', 'json', '--http-address', '203.0.113.7', '--http-port', '8080', '--token-file'];
  const { code, stderr } = await run(t, 'dcp-worker', [...args, ...options, `${file}.token`], env);
  assert.equal(
    stderr,
    'dcp-worker: --http-address: worker.status.httpAddress: 203.0.113.7, port 8080: cannot be listened on (EADDRNOTAVAIL)\n',
  );
  assert.equal(code, 1);
});

test('SIGHUP reads the configuration again; a wrong one is refused, and the one before stays in force', async (t) => {
  const { file, args, env } = configured(t, '{ worker: { stopTimeout: 5 } }');
  const worker = start(t, 'dcp-worker', [...args, '-o', 'console'], env);
  await worker.printed(/worker .*Sandbox/);

  writeFileSync(file, '{ worker: { stopTimeout: 7, lease: 30 } }');
  worker.child.kill('SIGHUP');
  await worker.printed(/worker\.stopTimeout: 5 → 7$/m);
  await worker.printed(/worker\.lease: 60 → 30 \(when the Worker is started again\)$/m);

  writeFileSync(file, '{ worker: { stopTimeout: -1 } }');
  worker.child.kill('SIGHUP');
  await worker.printed(/not reloaded: .*dcp-config\.js:1:\d+: worker\.stopTimeout: expected /);

  const refused = await run(t, 'dcp-worker', ['reload'], env);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /refuses: .*worker\.stopTimeout: expected .*\(ECONFIG\)/);

  // What the Supervisor refuses was never in force: going back is no change.
  writeFileSync(file, '{ worker: { stopTimeout: 7, lease: 30, leavePublicGroup: true } }');
  assert.match(
    (await run(t, 'dcp-worker', ['reload'], env)).stderr,
    /refuses: ~\/\.dcp\/dcp-worker\/dcp-config\.js:1:\d+: worker\.leavePublicGroup: expected one of computeGroups/,
  );
  writeFileSync(file, '{ worker: { stopTimeout: 7, lease: 30 } }');
  const reload = () => run(t, 'dcp-worker', ['reload'], env);
  const back = await reload();
  const waiting = 'worker.lease: 60 → 30 (when the Worker is started again)\n';
  assert.deepEqual([back.code, back.stdout], [0, waiting]);
  assert.equal((await reload()).stdout, waiting);
  writeFileSync(file, '{ worker: { stopTimeout: 7 } }');
  assert.equal((await reload()).stdout, 'nothing has changed\n');

  worker.child.kill('SIGTERM');
  assert.equal((await worker.ended).code, 0);
});

test('concurrency changes while the Worker runs: by SIGHUP, and by profile', async (t) => {
  const { file, args, env } = configured(
    t,
    '{ worker: { cores: { cpu: 3 }, profiles: { inUse: { maxSandboxes: 1 } } } }',
  );
  const worker = start(t, 'dcp-worker', [...args, '-o', 'console'], env);
  await worker.printed(/3 Sandboxes/);
  const places = async (): Promise<number> => {
    const { stdout } = await run(t, 'dcp-worker', ['status', '--json'], env);
    return (JSON.parse(stdout) as { places: { all: number } }).places.all;
  };
  const profile = (name: string) => run(t, 'dcp-worker', ['profile', name], env);
  assert.equal(await places(), 3);
  assert.equal((await profile('inUse')).stdout, 'profile inUse: 3 places → 1 place\n');
  assert.equal(await places(), 1);

  // What somebody chose is not undone by a new file.
  writeFileSync(file, '{ worker: { cores: { cpu: 4 }, profiles: { inUse: { maxSandboxes: 2 } } } }');
  worker.child.kill('SIGHUP');
  await worker.printed(/worker\.cores\.cpu: 3 → 4/);
  assert.equal(await places(), 2);
  assert.equal((await profile('none')).stdout, 'profile none: 2 places → 4 places\n');
  assert.equal(await places(), 4);

  // … and both say which of the two is in force.
  const inForce = async (): Promise<unknown> => {
    const { stdout } = await run(t, 'dcp-worker', ['status', '--json'], env);
    return (JSON.parse(stdout) as { profile: unknown }).profile;
  };
  const reload = async (): Promise<string> => (await run(t, 'dcp-worker', ['reload'], env)).stdout;
  writeFileSync(file, '{ worker: { cores: { cpu: 4 }, profile: "idle" } }');
  assert.match(
    await reload(),
    /^worker\.profile: default: neither → "idle"\nworker\.profile: "idle" is not in force: "dcp-worker profile none" is, until "dcp-worker profile idle"$/m,
  );
  assert.deepEqual(await inForce(), { name: null, chosenBy: 'command' });
  assert.match(await reload(), /^worker\.profile: "idle" is not in force: [^\n]+\n$/);
  await profile('idle');
  assert.equal(await reload(), 'nothing has changed\n');
  assert.deepEqual(await inForce(), { name: 'idle', chosenBy: 'command' });
  await profile('auto');
  assert.deepEqual(await inForce(), { name: 'idle', chosenBy: 'presence' });

  const unknown = await profile('away');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /profile: expected inUse, idle, auto or none, got "away"/);
  worker.child.kill('SIGTERM');
  assert.equal((await worker.ended).code, 0);
});

test('errors that nothing caught stop it with code 5, in good order, and are kept in the file for such errors', async (t) => {
  const { args, env } = configured(t, '{}');
  const folder = temporaryDirectory(t);
  const kept = path.join(folder, 'uncaught.log');
  const fault = path.join(folder, 'fault.mjs');
  writeFileSync(
    fault,
    `process.on('SIGUSR2', () => {
      for (let i = 1; i <= 3; i++) setImmediate(() => { throw new Error('nobody catches ' + i); });
    });`,
  );
  const worker = start(t, 'dcp-worker', [...args, '-o', 'console'], {
    ...env,
    NODE_OPTIONS: `--import=${fault}`,
    DCP_WORKER_UNHANDLED_REJECTION_LOG: kept,
  });
  await worker.printed(/worker .*Sandbox/);
  worker.child.kill('SIGUSR2');
  const { code, stdout } = await worker.ended;
  assert.equal(code, 5);
  assert.match(stdout, /an error that nothing caught; stopping now: Error: nobody catches 1/);
  assert.match(stdout, /an error that nothing caught; stopping already: Error: nobody catches 3/);
  assert.doesNotMatch(stdout, /before all was done/);
  assert.match(
    readFileSync(kept, 'utf8'),
    /^\S+Z: Error: nobody catches 1\n {4}at .*Error: nobody catches 3/s,
  );
});

test('a Worker that is told to stop before it has started says that it has stopped', async (t) => {
  const { args, env } = configured(t, '{}');
  const early = path.join(temporaryDirectory(t), 'early.mjs');
  // As soon as somebody listens for the last of the signals, long before the status socket is open.
  writeFileSync(
    early,
    `process.on('newListener', (name) => {
      if (name === 'SIGQUIT') process.nextTick(() => process.emit('SIGTERM', 'SIGTERM'));
    });`,
  );
  const { code, stdout } = await run(t, 'dcp-worker', [...args, '-o', 'console'], {
    ...env,
    NODE_OPTIONS: `--import=${early}`,
  });
  assert.equal(code, 0);
  assert.match(stdout, /stopping when the running Slices have ended\n.*stopped after 0 Slices\n$/);
  assert.doesNotMatch(stdout, /Sandbox/);
});

test('a Worker whose standard output nobody reads any more stops, or goes on where another output tells of it', async (t) => {
  const { args, env } = configured(t, '{ worker: { reportInterval: 0.2 } }');
  const alone = start(t, 'dcp-worker', [...args, '-o', 'console'], env);
  await alone.printed(/worker .*Sandbox/);
  alone.child.stdout!.destroy();
  assert.equal((await alone.ended).code, 0);

  const file = path.join(temporaryDirectory(t), 'worker.log');
  const told = start(t, 'dcp-worker', [...args, '-o', 'console,logfile', '--logfile', file], env);
  await told.printed(/worker .*Sandbox/);
  told.child.stdout!.destroy();
  const isToldOf = (): boolean =>
    readFileSync(file, 'utf8').includes('warning standard output: nobody reads it');
  while (!isToldOf()) await sleep(50);
  assert.equal((await run(t, 'dcp-worker', ['status'], env)).code, 0);
  told.child.kill('SIGTERM');
  assert.equal((await told.ended).code, 0);
  assert.match(readFileSync(file, 'utf8'), /notice stopped after 0 Slices\n$/);
});

test('several outputs at once; a file that was moved away is opened anew on SIGHUP', async (t) => {
  const { args, env } = configured(t, '{}');
  const file = path.join(temporaryDirectory(t), 'logs/worker.log');
  const worker = start(t, 'dcp-worker', [...args, '--json', '-o', 'logfile', '--logfile', file], env);
  await worker.printed(/"type":"started"/);
  // What waits for a file goes into the one that has its name by then.
  while (!readFileSync(file, 'utf8').includes('Sandbox')) await sleep(20);
  renameSync(file, `${file}.1`);
  worker.child.kill('SIGHUP');
  await worker.printed(/"type":"reloaded"/);
  worker.child.kill('SIGINT');
  const { code, stdout } = await worker.ended;
  assert.equal(code, 0);
  assert.ok(jsonLines(stdout).some(({ type }) => type === 'stopped'));
  assert.match(readFileSync(`${file}.1`, 'utf8'), /worker .*Sandbox/);
  assert.match(readFileSync(file, 'utf8'), /stopped after 0 Slices/);
});

test('a status socket that went with its folder is there again on SIGHUP', async (t) => {
  const { args, env } = configured(t, '{}');
  const folder = path.join(env['DCP_HOMEDIR']!, 'run');
  const inFolder = { ...env, DCP_WORKER_SOCKET: path.join(folder, 'worker.sock') };
  const worker = start(t, 'dcp-worker', [...args, '-o', 'console'], inFolder);
  await worker.printed(/worker .*Sandbox/);
  rmSync(folder, { recursive: true });
  assert.equal((await run(t, 'dcp-worker', ['status'], inFolder)).code, 1);
  worker.child.kill('SIGHUP');
  await worker.printed(/the status socket was gone, and is there again: .*\/run\/worker\.sock$/m);
  assert.match((await run(t, 'dcp-worker', ['status'], inFolder)).stdout, /running/);
  worker.child.kill('SIGTERM');
  assert.equal((await worker.ended).code, 0);
  assert.deepEqual(readdirSync(folder), []);
});

test('DCP_HOMEDIR moves all of a Worker: Scheduler, status socket, identity, spool', async (t) => {
  const home = temporaryDirectory(t);
  const outside = temporaryDirectory(t);
  const env = { DCP_HOMEDIR: home, DCP_WORKER_SOCKET: '', XDG_RUNTIME_DIR: outside, HOME: outside };
  const worker = start(t, 'dcp-worker', ['--no-gpu', '-o', 'console'], env);
  await worker.printed(/worker .*Sandbox/);
  assert.match((await run(t, 'dcp-worker', ['status'], env)).stdout, /running/);
  const elsewhere = await run(t, 'dcp-worker', ['status'], { ...env, DCP_HOMEDIR: outside });
  assert.equal(elsewhere.code, 1);
  const deployed = await run(t, 'dcp-job', ['run', jobFile(t, SQUARES), '--', '3'], env);
  assert.equal(deployed.stdout, '1\n4\n9\n', deployed.stderr);
  worker.child.kill('SIGTERM');
  assert.equal((await worker.ended).code, 0);
  assert.deepEqual(readdirSync(outside), []);
  assert.deepEqual(readdirSync(path.join(home, '.dcp')).sort(), ['dcp-worker', 'id.keystore', 'scheduler']);
});

test('a report is told as often as one asks for', async (t) => {
  const { args, env } = configured(t, '{}');
  const worker = start(
    t,
    'dcp-worker',
    [...args, '-o', 'console', '--reportInterval', '0.2', '-c', '2'],
    env,
  );
  await worker.printed(/Sandboxes +0 of 2 at work/);
  await worker.printed(/Idle +2 places, NO_WORK/);
  worker.child.kill('SIGINT');
  assert.equal((await worker.ended).code, 0);
});
