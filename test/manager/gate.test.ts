/** dcp-evaluator-manager as a program: connections, limits, signals, how it ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { tinyClient } from '../cli/evaluator-start-support.js';
import { jsonLines, run, start, temporaryDirectory } from '../cli/support.js';
import { ECHO, Peer, startGate, stateOf, untilState, type Gate } from './gate-support.js';

const isGone = (state: string | null): boolean => state === null;
const isStopped = (state: string | null): boolean => state === 'T';
const stoppedNot = (state: string | null): boolean => state !== 'T';

async function served(t: TestContext, gate: Gate): Promise<[Peer, number[]]> {
  const peer = new Peer(t, gate.port);
  const processes = await peer.processes();
  if (processes !== null) return [peer, processes];
  gate.child.kill('SIGKILL');
  const { stdout, stderr } = await gate.ended;
  assert.fail(`no evaluator was started:\n${stdout}${stderr}`);
}

function ask(socketPath: string, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = get({ socketPath, path: url, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve(text));
    });
    asking.on('error', reject);
  });
}

test('each connection has a process of its own, and both end together', async (t) => {
  const gate = await startGate(t);
  const [first, [one, beside]] = await served(t, gate);
  const [second, [two]] = await served(t, gate);
  assert.notEqual(one, two);
  assert.equal(await first.echo('a line'), 'a line');
  process.kill(one!, 'SIGKILL');
  assert.equal(await first.closed, false);
  // What it had started goes with it.
  await untilState(beside!, isGone);
  second.socket.end();
  await untilState(two!, isGone);
  await gate.printed(/connection 1: ended: was ended by SIGKILL\n[^]*connection 2: closed/);
});

test('a wrong command line ends with code 2 and the nearest name', async (t) => {
  const outcomes = await Promise.all(
    [
      ['--max-lod', '1'],
      ['--', '--evalutor', 'x'],
      ['--', '-e', '--stdio'],
    ].map((words) => run(t, 'dcp-evaluator-manager', words)),
  );
  assert.deepEqual(
    outcomes.map(({ code, stderr }) => [code, stderr.split('\n').slice(0, 2)]),
    [
      [2, ["dcp-evaluator-manager: unknown option '--max-lod'", '(Did you mean --max-load?)']],
      [
        2,
        [
          `dcp-evaluator-manager: behind "--": unknown option '--evalutor'`,
          'dcp-evaluator-manager: (Did you mean --evaluator?)',
        ],
      ],
      [2, [`dcp-evaluator-manager: behind "--": option '-e, --evaluator <file>' argument missing`, '']],
    ],
  );
});

test('what the evaluator of each connection would end at ends the start, with its name', async (t) => {
  const outcomes = await Promise.all(
    [['--bogus'], ['--threads=none'], ['--options=--bogus'], ['--spare', '--frames'], ['--help']].map(
      (words) =>
        run(t, 'dcp-evaluator-manager', [
          '-p',
          '0',
          '-a',
          '--',
          '--dcp-client',
          tinyClient(t),
          '--',
          ...words,
        ]),
    ),
  );
  assert.deepEqual(
    outcomes.map(({ code, stdout, stderr }) => [code, stdout, stderr]),
    [
      "unknown option '--bogus'",
      "option '--threads <n>' argument 'none' is invalid. expected a whole number from 1 to 1024.",
      '--options: V8 knows no option --bogus',
      "option '--spare <n>' argument missing",
      "unknown option '--help'",
    ].map((why) => [2, '', `dcp-evaluator-manager: for dcp-evaluator: ${why}\n`]),
  );
});

test('a load above the limit starts none, and stops none', async (t) => {
  const gate = await startGate(t, '-l', '0', '-T', 'random');
  assert.equal(await new Peer(t, gate.port).processes(), null);
  await gate.printed(/a connection was refused: STOPPED: LOAD_HIGH/);
});

test('with -L the limits count only while the machine is busy, and nothing else stops', async (t) => {
  const gate = await startGate(t, '-L', '-l', '0', '-T', 'random', '-r', '3600');
  const [peer] = await served(t, gate);
  await served(t, gate);
  gate.child.kill('SIGPWR');
  await gate.printed(/no evaluators are started, those that run go on; LOAD_HIGH/);
  assert.equal(await peer.echo('still there'), 'still there');
  assert.equal(await new Peer(t, gate.port).processes(), null);
});

test('evaluators are started no faster than the rate', async (t) => {
  const gate = await startGate(t, '--rate', '3600');
  await served(t, gate);
  assert.equal(await new Peer(t, gate.port).processes(), null);
  await gate.printed(/a connection was refused: RATE: the last one came \d+ ms ago \(--rate\)/);
});

test('no more evaluators are started than are allowed', async (t) => {
  const gate = await startGate(t, '--connections', '2');
  const [first, [one]] = await served(t, gate);
  await served(t, gate);
  assert.equal(await new Peer(t, gate.port).processes(), null);
  await gate.printed(/refused: CONNECTIONS: 2 connections are served already \(--connections\)/);
  first.socket.end();
  await untilState(one!, isGone);
  await gate.printed(/connection 1: closed/);
  await served(t, gate);
});

test('an evaluator that does not start closes its connection, and is told', async (t) => {
  const gate = await startGate(t);
  rmSync(gate.evaluator);
  assert.equal(await new Peer(t, gate.port).processes(), null);
  await gate.printed(/connection 1: ended: it does not start: spawn .* ENOENT/);
});

test('with -a no signal stops evaluators, nor the program', async (t) => {
  const gate = await startGate(t, '-a');
  const [peer] = await served(t, gate);
  gate.child.kill('SIGPWR');
  assert.equal(await peer.echo('still there'), 'still there');
  await served(t, gate);
});

test('a signal of toggle mode ends all, at once, with all they have started', async (t) => {
  const gate = await startGate(t, '-s', 'usr2');
  const [peer, processes] = await served(t, gate);
  const begun = performance.now();
  gate.child.kill('SIGUSR2');
  assert.equal(await peer.closed, false);
  const tookMs = performance.now() - begun;
  assert.ok(tookMs < 1_000, `after ${tookMs} ms`);
  for (const pid of processes) await untilState(pid, isGone);
  assert.equal(await new Peer(t, gate.port).processes(), null);
  gate.child.kill('SIGUSR2');
  await gate.printed(/evaluators may run\n[^]*evaluators are ended[^]*evaluators may run\n/);
  await served(t, gate);
});

test('frozen evaluators stand still with all they have started, and go on', async (t) => {
  const gate = await startGate(
    t,
    '--stop',
    'freeze',
    '--exclusive',
    'dcp-gate-game',
    '--gone-for',
    'program=0',
  );
  const [peer, processes] = await served(t, gate);
  const file = path.join(temporaryDirectory(t), 'dcp-gate-game');
  copyFileSync('/bin/sleep', file);
  const game = spawn(file, ['60'], { stdio: 'ignore' });
  t.after(() => game.kill('SIGKILL'));
  for (const pid of processes) await untilState(pid, isStopped);
  peer.socket.write('written to one that stands still\n');
  const { evaluators, cpu } = JSON.parse(await ask(gate.socket, '/status')) as {
    evaluators: object;
    cpu: { action: string };
  };
  assert.deepEqual([evaluators, cpu.action], [{ running: 0, frozen: 1 }, 'freeze']);
  game.kill('SIGKILL');
  for (const pid of processes) await untilState(pid, stoppedNot);
  assert.equal(await peer.line(), 'written to one that stands still');
});

test('what stays frozen too long is ended', async (t) => {
  const gate = await startGate(t, '--stop', 'freeze', '--freeze-for', '0.5', '--exclusive', ECHO);
  // The evaluator itself is what it is to make room for.
  // It may be over before anyone can see it stopped.
  const [peer, processes] = await served(t, gate);
  assert.equal(await peer.closed, false);
  for (const pid of processes) await untilState(pid, isGone);
  await gate.printed(
    /evaluators are frozen; PROGRAM_RUNNING: dcp-gate-\d+ runs[^]*evaluators are ended; PROGRAM_RUNNING/,
  );
});

for (const [signal, code] of [
  ['SIGTERM', 0],
  ['SIGINT', 130],
] as const)
  test(`${signal} ends it, and every evaluator`, async (t) => {
    const gate = await startGate(t);
    const [peer, processes] = await served(t, gate);
    gate.child.kill(signal);
    assert.equal((await gate.ended).code, code);
    assert.equal(await peer.closed, false);
    for (const pid of processes) assert.equal(stateOf(pid), null);
  });

test('a manager that is killed leaves nothing, not even what is frozen', async (t) => {
  const gate = await startGate(t, '--stop', 'freeze', '--exclusive', ECHO);
  const [, processes] = await served(t, gate);
  for (const pid of processes) await untilState(pid, isStopped);
  gate.child.kill('SIGKILL');
  await gate.ended;
  for (const pid of processes) await untilState(pid, isGone);
});

test('it tells everything as lines of JSON', async (t) => {
  const words = ['-p', '0', '--json', '-d', 'session,screensaver,logind,battery', '-l', '0', '-T', 'random'];
  const manager = start(t, 'dcp-evaluator-manager', [...words, '--', '--dcp-client', tinyClient(t)]);
  const [, port] = await manager.printed(/"event":"listening","where":"127\.0\.0\.1:(\d+)"/);
  assert.equal(await new Peer(t, Number(port)).processes(), null);
  manager.child.kill('SIGTERM');
  const { stdout, stderr } = await manager.ended;
  assert.equal(stderr, '');
  const lines = jsonLines(stdout);
  for (const { time } of lines) assert.equal(new Date(String(time)).toISOString(), time);
  const [decision] = lines.filter(({ event }) => event === 'decision');
  assert.deepEqual(
    [decision!['action'], (decision!['reasons'] as { code: string }[])[0]!.code],
    ['hold', 'LOAD_HIGH'],
  );
  const refused = lines.find(({ event }) => event === 'refused')!;
  assert.deepEqual([refused['code'], refused['why']], ['STOPPED', 'LOAD_HIGH']);
});

test('status and metrics tell reasons by their codes', async (t) => {
  const gate = await startGate(t, '-l', '0', '-T', 'random');
  assert.equal(await new Peer(t, gate.port).processes(), null);
  const report = JSON.parse(await ask(gate.socket, '/status')) as Record<string, unknown>;
  assert.equal(report['pid'], gate.child.pid);
  assert.deepEqual(report['refused'], { STOPPED: 1, RATE: 0, CONNECTIONS: 0, FAILED: 0 });
  const { action, reasons } = report['cpu'] as {
    action: string;
    reasons: { code: string; monitor: string }[];
  };
  assert.deepEqual(
    [action, reasons.map(({ code, monitor }) => [monitor, code])],
    ['hold', [['load', 'LOAD_HIGH']]],
  );
  const metrics = await ask(gate.socket, '/metrics');
  for (const line of [
    'dcp_manager_action{action="hold"} 1',
    'dcp_manager_action{action="run"} 0',
    'dcp_manager_reason{monitor="load",code="LOAD_HIGH"} 1',
    'dcp_manager_reason_total{monitor="load",code="LOAD_HIGH"} 1',
    'dcp_manager_refused_total{code="STOPPED"} 1',
  ])
    assert.ok(metrics.split('\n').includes(line), `${line}\n${metrics}`);
});

test('a pid file is there while it runs', async (t) => {
  const file = path.join(temporaryDirectory(t), 'pid');
  const gate = await startGate(t, '-f', file);
  assert.equal(readFileSync(file, 'utf8'), `${gate.child.pid}\n`);
  gate.child.kill('SIGTERM');
  await once(gate.child, 'exit');
  assert.throws(() => readFileSync(file), { code: 'ENOENT' });
});
