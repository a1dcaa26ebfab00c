/** Evaluators of dcp-evaluator-manager that are held still: by a control group where one can be made, by signals elsewhere. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatedChild, type GateCommand } from '#src/cli/manager/gated-child.js';
import { cgroupOf, folderOfCgroup } from '#src/evaluator/confinement/cgroup.js';
import type { FreezeMeans } from '#src/evaluator/index.js';
import { programFile } from '../cli/support.js';
import { askOn, echoFile, treeOf } from '../confinement/classic-support.js';
import { stateOf, untilState } from './gate-support.js';

/** Why a test can say nothing here; false: it can. */
const noCgroup = ((): string | false => {
  const own = cgroupOf('self');
  const folder = own === null ? null : folderOfCgroup(own);
  if (folder === null) return 'no control groups of version 2 are mounted here';
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch {
    return 'this user may make no control group below its own';
  }
})();

/** Says its number, and that of a process beside it; and what it gets. What has been left by its parent says so, too. */
const SCRIPT = 'sleep 60 & (sleep 60 & echo "$$ $!" ; exit) ; exec cat';

interface Connected {
  readonly child: GatedChild;
  readonly peer: net.Socket;
  readonly ended: Promise<string | null>;
}

interface Started extends Connected {
  /** The evaluator, and a process that it has started and that has no parent any more. */
  readonly pids: readonly [evaluator: number, orphan: number];
}

async function connect(
  t: TestContext,
  words: GateCommand['words'],
  means: FreezeMeans | null,
): Promise<Connected> {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const peer = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  t.after(() => peer.destroy());
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  let onEnd!: (how: string | null) => void;
  const ended = new Promise<string | null>((resolve) => (onEnd = resolve));
  const child = new GatedChild(socket, { words, cwd: '/' }, { onLog: () => undefined, onEnd }, means);
  t.after(() => child.kill('the test ends'));
  return { child, peer, ended };
}

async function start(t: TestContext, means: FreezeMeans | null): Promise<Started> {
  const connected = await connect(t, ['/bin/sh', '-c', SCRIPT], means);
  const [line] = (await once(connected.peer, 'data')) as [Buffer];
  const [evaluator, orphan] = line.toString().split(' ').map(Number) as [number, number];
  return { ...connected, pids: [evaluator, orphan] };
}

/** Whether it answers within a while. */
async function answers({ peer }: Pick<Started, 'peer'>): Promise<boolean> {
  peer.write('hello\n');
  return Promise.race([once(peer, 'data').then(() => true), sleep(300).then(() => false)]);
}

const groupOf = (pid: number): string => folderOfCgroup(cgroupOf(pid)!)!;

test(
  'by a control group: nobody else lets it go on, and the group goes with it',
  { skip: noCgroup },
  async (t) => {
    const started = await start(t, null);
    const { child, pids, ended } = started;
    assert.ok(await answers(started));
    child.freeze();
    for (const pid of pids) await untilState(pid, (state) => state === 'T');
    const group = groupOf(pids[0]);
    assert.match(group, new RegExp(`/dcp-evaluator-${pids[0]}$`));
    // The group says so only when the last of them has said so.
    const events = (): string => readFileSync(`${group}/cgroup.events`, 'latin1');
    for (const end = Date.now() + 5_000; !/^frozen 1$/m.test(events()) && Date.now() < end;) await sleep(10);
    assert.match(events(), /^frozen 1$/m);
    // Whoever sends it, the kernel lets nothing of it run.
    process.kill(-pids[0], 'SIGCONT');
    assert.equal(await answers(started), false);
    child.thaw();
    // It has two lines to answer by now.
    assert.ok(await answers(started));
    child.freeze();
    child.kill('enough');
    assert.equal(await ended, 'enough');
    for (const pid of pids) await untilState(pid, (state) => state === null);
    for (const end = Date.now() + 5_000; existsSync(group) && Date.now() < end;) await sleep(10);
    assert.ok(!existsSync(group));
  },
);

test('by signals: it stands still with all it has started, and goes on', async (t) => {
  const started = await start(t, 'signals');
  const { child, pids, ended } = started;
  const before = cgroupOf(pids[0]);
  child.freeze();
  for (const pid of pids) await untilState(pid, (state) => state === 'T');
  assert.equal(cgroupOf(pids[0]), before);
  assert.equal(await answers(started), false);
  child.thaw();
  assert.ok(await answers(started));
  for (const pid of pids) assert.notEqual(stateOf(pid), 'T');
  child.freeze();
  child.kill('enough');
  assert.equal(await ended, 'enough');
  for (const pid of pids) await untilState(pid, (state) => state === null);
});

test('frozen and let go again at once, it goes on', async (t) => {
  for (const means of [null, 'signals'] as const) {
    const started = await start(t, means);
    for (let n = 0; n < 20; n++) {
      started.child.freeze();
      started.child.thaw();
    }
    assert.ok(await answers(started), String(means));
  }
});

test('one that stands still when its peer has gone is ended, and one that works is not', async (t) => {
  for (const isStopped of [true, false]) {
    const started = await start(t, null);
    const { child, pids, peer } = started;
    if (isStopped) process.kill(pids[0], 'SIGSTOP');
    await untilState(pids[0], (state) => (state === 'T') === isStopped);
    peer.destroy();
    child.abandon();
    if (isStopped) assert.equal(await started.ended, 'its peer has gone while it stood still');
    // `cat` ends because its input has.
    else assert.equal(await started.ended, null);
  }
});

for (const means of [null, 'signals'] as const)
  test(`an evaluator that is confined stands still, goes on and is ended whole: ${means ?? 'as this machine allows'}`, async (t) => {
    const words = [programFile('dcp-evaluator'), '--no-gpu', '--threads', '1', echoFile(t)];
    const { child, peer, ended } = await connect(t, [process.execPath, ...words], means);
    assert.equal(await askOn(peer, 'hello'), 'hello');
    const all = treeOf(child.pid);
    child.freeze();
    for (const pid of all) await untilState(pid, (state) => state === 'T');
    assert.equal(await answers({ peer }), false);
    child.thaw();
    assert.equal(((await once(peer, 'data')) as [Buffer])[0].toString(), 'hello\n');
    child.freeze();
    child.kill('enough');
    assert.equal(await ended, 'enough');
    for (const pid of all) await untilState(pid, (state) => state === null);
  });
