/** Buses that are gone, refuse, hang, or are none: nothing ends, and what is not known is said. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BusConnection } from '#src/manager/dbus/connection.js';
import { LogindMonitor } from '#src/manager/monitors/logind.js';
import { ScreensaverMonitor } from '#src/manager/monitors/screensaver.js';
import { temporaryDirectory } from '../cli/support.js';
import { Listening } from './support/listening.js';
import { encodeMessage, METHOD_RETURN, SIGNAL, uint32, type Fields } from './support/raw-peer.js';
import { Service } from './support/service.js';
import { TestScreensaver } from './support/screensaver.js';
import { TestBus, withoutDbus } from './support/test-bus.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REACTION_MS = 1_000;
/** No user of this machine. */
const STRANGER = 54_321;
const SKIP = { skip: withoutDbus };

function listen(t: TestContext, { address }: TestBus): Listening {
  return new Listening(t, new ScreensaverMonitor({ addresses: [address] }));
}

test('a bus that is restarted is found again', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  await TestScreensaver.start(t, bus.address, false);
  const listening = listen(t, bus);
  for (let restarts = 0; restarts < 2; restarts++) {
    await listening.finds('SCREENSAVER_INACTIVE');
    await bus.kill();
    await listening.isUnavailable(/closed|ECONN|ENOENT|EPIPE/);
    await bus.run();
    await TestScreensaver.start(t, bus.address, false);
  }
  await listening.finds('SCREENSAVER_INACTIVE');
});

test('a bus that comes after the monitor is found', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  await bus.kill();
  const listening = listen(t, bus);
  await listening.isUnavailable(/./);
  await bus.run();
  await TestScreensaver.start(t, bus.address, false);
  await listening.finds('SCREENSAVER_INACTIVE');
});

test(
  "another user's bus lets nobody in, and that is said",
  { skip: withoutDbus || (process.getuid!() === 0 ? false : 'only root may start a bus as somebody else') },
  async (t) => {
    const bus = await TestBus.start(t, STRANGER);
    const listening = listen(t, bus);
    await listening.isUnavailable(
      new RegExp(`${bus.address}: (the bus closed|.*REJECTED|.*EPIPE|.*ECONNRESET)`),
    );
  },
);

test('a bus that hangs is given up, and found again', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  bus.freeze();
  t.after(() => bus.thaw());
  const listening = listen(t, bus);
  await listening.isUnavailable(/does not let us in within 2 s/);
  bus.thaw();
  await TestScreensaver.start(t, bus.address, false);
  await listening.finds('SCREENSAVER_INACTIVE');
});

test('a service that does not answer is told of, and asked again when it says something', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const screensaver = await TestScreensaver.start(t, bus.address, false);
  await screensaver.service.tell({ do: 'be silent', silent: true });
  const listening = listen(t, bus);
  await listening.isUnavailable(/GetActive is not answered within 2 s/);
  await screensaver.service.tell({ do: 'be silent', silent: false });
  await screensaver.becomes(false);
  await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
});

/** What only calls itself a bus. */
async function impostor(t: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-bus-'));
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    onConnection(socket);
  });
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  server.listen(path.join(folder, 'bus'));
  await once(server, 'listening');
  return `unix:path=${path.join(folder, 'bus')}`;
}

/** Says that we are let in, as a bus does, and then something else. */
function afterLettingIn(behave: (socket: Socket) => void) {
  return (socket: Socket) =>
    socket.once('data', () => {
      socket.write('OK 1234\r\n');
      socket.once('data', () => behave(socket));
    });
}

test('sockets that are no bus are given up', async (t) => {
  const impostors: [RegExp, (socket: Socket) => void][] = [
    [/does not let us in within 2 s/, () => undefined],
    [/the bus closed the connection/, (socket) => socket.end()],
    [/authentication failed: HTTP/, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [/a message cannot be read/, afterLettingIn((socket) => socket.write(Buffer.alloc(4_096, 0xff)))],
    [/closed|cannot be read/, afterLettingIn((socket) => socket.end(Buffer.from('l\x02\0\x01\xff\0')))],
  ];
  await Promise.all(
    impostors.map(async ([why, behave]) => {
      const address = await impostor(t, behave);
      await new Listening(t, new LogindMonitor({ address })).isUnavailable(why);
    }),
  );
});

test('a message without end is not waited for in memory', async (t) => {
  const LENGTH = 512 * 1024 * 1024;
  const head = Buffer.alloc(16);
  head.set([...Buffer.from('l'), 4, 0, 1]);
  head.writeUInt32LE(LENGTH, 4);
  let sent = 0;
  const address = await impostor(
    t,
    afterLettingIn((socket) => {
      socket.write(head);
      const pour = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(1024 * 1024))) sent++;
      };
      socket.on('drain', pour);
      pour();
    }),
  );
  const listening = new Listening(t, new LogindMonitor({ address }));
  await listening.isUnavailable(/a message is too large/);
  await listening.monitor.stop();
  assert.ok(sent < 100, `${sent} MiB were read`);
});

test('an array that goes beyond its message is passed over, in a signal and in an answer', async (t) => {
  const bus = { 7: ['s', 'org.freedesktop.DBus'] } as const;
  const lie = uint32(0xfffffff0);
  const truth = Buffer.concat([uint32(3), Buffer.from('\x01s\0')]);
  const signal = { 1: ['o', '/a'], 2: ['s', 'a.b'], 3: ['s', 'C'], ...bus, 8: ['g', 'ag'] } as const;
  const address = await impostor(
    t,
    afterLettingIn((socket) => {
      const name = Buffer.concat([uint32(4), Buffer.from(':1.5\0')]);
      socket.write(encodeMessage(METHOD_RETURN, 1, { 5: ['u', 1], ...bus, 8: ['g', 's'] }, name));
      // The library's first question has the number 1, the next one 2.
      const answer: Fields = { 5: ['u', 2], ...bus, 8: ['g', 'ag'] };
      socket.on('data', (question: Buffer) => {
        if (!question.includes('ListTypes')) return;
        socket.write(encodeMessage(SIGNAL, 2, signal, lie));
        socket.write(encodeMessage(METHOD_RETURN, 3, answer, lie));
        socket.write(encodeMessage(METHOD_RETURN, 4, answer, truth));
      });
    }),
  );
  const members: string[] = [];
  const connection = await BusConnection.open(address, {
    onSignal: ({ member }) => members.push(member),
    onClosed: () => undefined,
  });
  t.after(() => connection.close());
  assert.deepEqual(await connection.askBus('ListTypes', '', 'ag'), [['s']]);
  assert.deepEqual(members, ['C']);
});

test('questions that are never answered end the connection in the end', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const service = await Service.start(t, bus.address);
  await service.tell({ do: 'be silent', silent: true });
  const closed: string[] = [];
  const connection = await BusConnection.open(bus.address, {
    onSignal: () => undefined,
    onClosed: (why) => closed.push(why),
  });
  t.after(() => connection.close());
  const question = { destination: service.name, path: '/', interface: 'a.b', member: 'C', answer: '' };
  const asked = await Promise.allSettled(Array.from({ length: 64 }, () => connection.ask(question)));
  assert.ok(asked.every(({ status }) => status === 'rejected'));
  assert.deepEqual(closed, ['64 questions were not answered']);
});

test('a monitor stops at once while a bus hangs', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  bus.freeze();
  t.after(() => bus.thaw());
  const listening = listen(t, bus);
  await sleep(100);
  const startedAt = performance.now();
  await listening.monitor.stop();
  assert.ok(performance.now() - startedAt < 1_000);
  assert.deepEqual(listening.told, []);
});

test('a stopped monitor tells nothing more, and stops twice', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const screensaver = await TestScreensaver.start(t, bus.address, false);
  const listening = listen(t, bus);
  await listening.finds('SCREENSAVER_INACTIVE');
  await Promise.all([listening.monitor.stop(), listening.monitor.stop()]);
  const before = listening.told.length;
  await screensaver.becomes(true);
  await bus.kill();
  await sleep(200);
  assert.equal(listening.told.length, before);
});

test('no monitor keeps the program running, with a bus or without', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  await TestScreensaver.start(t, bus.address, false);
  const nowhere = path.join(temporaryDirectory(t), 'missing');
  const program = `
    import { LogindMonitor } from '#src/manager/monitors/logind.js';
    import { ScreensaverMonitor } from '#src/manager/monitors/screensaver.js';
    import { SessionMonitor } from '#src/manager/monitors/session.js';
    const tell = (name, what) => process.stdout.write(name + ' ' + (what?.code ?? typeof what) + '\\n');
    for (const monitor of [
      new ScreensaverMonitor({ addresses: ['${bus.address}'] }),
      new LogindMonitor({ address: '${bus.address}' }),
      new SessionMonitor({ address: 'unix:path=${nowhere}/bus', utmp: '${nowhere}/utmp' }),
    ])
      monitor.start({ onFinding: tell, onUnavailable: tell });
    setTimeout(() => undefined, 1_000);`;
  const args = ['--input-type=module', '-e', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 20_000 });
  assert.deepEqual(stdout.trim().split('\n').sort(), [
    'logind string',
    'screensaver SCREENSAVER_INACTIVE',
    'session string',
  ]);
});
