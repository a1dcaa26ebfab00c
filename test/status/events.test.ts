import assert from 'node:assert/strict';
import { createServer, request, type IncomingMessage } from 'node:http';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStreams, MAX_STREAMS, MAX_WAITING_BYTES } from '#src/status/server/event-streams.js';
import {
  ask,
  LiteralSource,
  recordOf,
  sandboxOf,
  serve,
  statusOf,
  temporaryDirectory,
  type Served,
} from './support.js';

interface Heard {
  readonly event: string;
  readonly data: unknown;
}

/** A client that reads events. */
class Listener {
  readonly heard: Heard[] = [];
  #rest = '';
  #check = (): void => undefined;
  ended = false;

  constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.#rest += text;
      for (let end = this.#rest.indexOf('\n\n'); end >= 0; end = this.#rest.indexOf('\n\n')) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(this.#rest.slice(0, end)) ?? [];
        this.#rest = this.#rest.slice(end + 2);
        if (event !== undefined) this.heard.push({ event, data: JSON.parse(data!) });
      }
      this.#check();
    });
    const onEnd = (): void => {
      this.ended = true;
      this.#check();
    };
    response.on('end', onEnd).on('error', onEnd).on('close', onEnd);
  }

  until(condition: (listener: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#check = () => {
        if (condition(this)) resolve();
      };
      this.#check();
    });
  }

  names(): string[] {
    return this.heard.map(({ event }) => event);
  }
}

function open(t: TestContext, socketPath: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: '/events', agent: false }, resolve);
    asking.on('error', reject);
    asking.end();
    t.after(() => asking.destroy());
  });
}

async function listen(t: TestContext, { socket }: Served): Promise<Listener> {
  return new Listener(await open(t, socket));
}

test('who comes hears all that is known, then what each second and each record brings', async (t) => {
  const served = await serve(t);
  const { source } = served;
  const listener = await listen(t, served);
  assert.equal(listener.response.headers['content-type'], 'text/event-stream; charset=utf-8');
  await listener.until(({ heard }) => heard.length === 3);
  assert.deepEqual(listener.names(), ['history', 'records', 'status']);
  assert.deepEqual(listener.heard[0]!.data, source.history());
  source.current = statusOf({ state: 'paused' });
  source.say(recordOf('a line\nand another'));
  source.tick();
  await listener.until(({ heard }) => heard.length === 6);
  const [record, status, sample] = listener.heard.slice(3);
  assert.deepEqual(record, { event: 'record', data: recordOf('a line\nand another') });
  assert.equal((status!.data as { state: string }).state, 'paused');
  assert.deepEqual(Object.keys(sample!.data as object), [
    'end',
    'slices',
    'failed',
    'sliceMs',
    'cpu',
    'gpu',
    'busy',
  ]);
});

test('nobody is listened to for clients that have gone', async (t) => {
  const served = await serve(t);
  assert.equal(served.source.listeners, 0);
  const listener = await listen(t, served);
  await listener.until(({ heard }) => heard.length === 3);
  assert.equal(served.source.listeners, 2);
  listener.response.destroy();
  while (served.source.listeners > 0) await new Promise(setImmediate);
});

test('who does not read is dropped; who reads hears everything', async (t) => {
  const served = await serve(t);
  const { source } = served;
  const reader = await listen(t, served);
  const idler = await open(t, served.socket);
  idler.pause();
  const idlerGone = new Promise<void>((resolve) =>
    idler.on('error', () => resolve()).on('close', () => resolve()),
  );
  await reader.until(({ heard }) => heard.length === 3);
  const text = 'x'.repeat(10_000);
  let said = 0;
  // The kernel's buffers fill first, then the server's.
  while (served.source.listeners > 0 && said * text.length < 100 * MAX_WAITING_BYTES) {
    source.say(recordOf(text));
    said++;
    await reader.until(({ heard }) => heard.length === 3 + said);
    const streams = await ask(served.socket, '/status');
    assert.equal(streams.status, 200);
    if (said * text.length > 8 * MAX_WAITING_BYTES) break;
  }
  idler.resume();
  await idlerGone;
  assert.equal(idler.complete, false);
  source.tick();
  await reader.until(({ heard }) => heard.length === 3 + said + 2);
  assert.equal(reader.ended, false);
});

test('who reads nothing for a while is dropped, though only statuses wait, which are never queued', async (t) => {
  const source = new LiteralSource();
  const sandboxes = Array.from({ length: 20_000 }, (_, id) => sandboxOf({ id }));
  source.current = statusOf({ sandboxes });
  const streams = new EventStreams(source, 200);
  const server = createServer((asking, response) => void streams.open(asking, response, null));
  t.after(() => server.close());
  const socket = path.join(temporaryDirectory(t), 'events.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const began = performance.now();
  const idler = await open(t, socket);
  idler.pause();
  // The first status, of some megabytes, fills what the kernel holds: none that follows is kept.
  while (source.listeners > 0) {
    source.tick();
    await sleep(20);
  }
  const ms = performance.now() - began;
  assert.ok(ms >= 200 && ms < 20_000, `${ms} ms`);
});

test('so many listeners and no more', async (t) => {
  const served = await serve(t);
  const listeners = await Promise.all(Array.from({ length: MAX_STREAMS }, () => listen(t, served)));
  const late = await ask(served.socket, '/events');
  assert.deepEqual(
    [late.status, late.headers['retry-after'], (JSON.parse(late.body) as { code: string }).code],
    [503, '10', 'EBUSY'],
  );
  listeners[0]!.response.destroy();
  for (;;) {
    const response = await open(t, served.socket);
    if (response.statusCode === 200) break;
    response.resume();
  }
});

test('a server that closes ends its streams', async (t) => {
  const served = await serve(t);
  const listener = await listen(t, served);
  await listener.until(({ heard }) => heard.length === 3);
  await served.server.close();
  await listener.until(({ ended }) => ended);
  assert.equal(listener.response.complete, true);
});
