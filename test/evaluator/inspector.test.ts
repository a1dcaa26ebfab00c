import assert from 'node:assert/strict';
import { createServer, get, type IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { InspectorServer } from '#src/evaluator/inspector/server.js';
import { DevTools } from './devtools.js';
import { slices, start, valuesOf, type StartOptions, type Started } from './support.js';

interface Paused {
  readonly callFrames: {
    readonly callFrameId: string;
    readonly functionName: string;
    readonly location: { readonly lineNumber: number };
  }[];
}

const WORK = `function work(n) {
  let sum = 0;
  for (let i = 1; i <= n; i++) {
    sum += i;
  }
  return sum;
}`;

/** An inspected Sandbox with a Work Function, and where a debugger finds it. */
async function inspected(
  t: TestContext,
  work: string,
  options: StartOptions = {},
): Promise<Started & { url: string; close: () => Promise<void> }> {
  const urls: string[] = [];
  const evaluator = await openInProcessEvaluator({
    threads: 1,
    inspect: { port: 0, onTarget: ({ webSocketDebuggerUrl }) => urls.push(webSocketDebuggerUrl) },
  });
  t.after(() => evaluator.close());
  const started = await start(evaluator, work, options);
  assert.equal(urls.length, 1);
  return { ...started, url: urls[0]!, close: () => evaluator.close() };
}

/** Connects as Chrome does, and pauses at a line (from 0) of the Work Function when its Slices run. */
async function breakAt(url: string, lineNumber: number): Promise<DevTools> {
  const devtools = await DevTools.connect(url);
  await devtools.call('Runtime.enable');
  await devtools.call('Debugger.enable');
  const { locations } = await devtools.call('Debugger.setBreakpointByUrl', {
    url: 'work-function.js',
    lineNumber,
  });
  assert.equal((locations as unknown[]).length, 1, 'the Work Function is compiled already');
  await devtools.call('Runtime.runIfWaitingForDebugger');
  return devtools;
}

function fetchText(url: string, host?: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    get(url, host === undefined ? {} : { headers: { host } }, (response: IncomingMessage) => {
      let text = '';
      response.on('data', (data) => (text += String(data)));
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    }).on('error', reject);
  });
}

test('a debugger stops a Work Function at a line, looks at and changes its variables, and lets it go on', async (t) => {
  const { sandbox, seen, url } = await inspected(t, WORK);
  sandbox.run(slices([4, 3]));
  const devtools = await breakAt(url, 3);
  const { callFrames } = (await devtools.event('Debugger.paused')) as unknown as Paused;
  const [frame] = callFrames;
  assert.equal(frame!.functionName, 'work');
  assert.equal(frame!.location.lineNumber, 3);
  const { callFrameId } = frame!;
  const look = async (expression: string): Promise<unknown> => {
    const { result } = await devtools.call('Debugger.evaluateOnCallFrame', { callFrameId, expression });
    return (result as { value: unknown }).value;
  };
  assert.equal(await look('[n, i, sum].join()'), '4,1,0');
  assert.equal(seen.order.length, 0);
  await look('sum = 100');
  await devtools.call('Debugger.stepOver');
  await devtools.event('Debugger.paused');
  await devtools.call('Debugger.disable');
  await seen.untilEnded(2);
  assert.deepEqual(valuesOf(seen), [110, 6]);
  await devtools.close();
});

test('Slices wait for the debugger; time at a breakpoint does not count against limits', async (t) => {
  const limits = { sliceTimeoutMs: 700, progressTimeoutMs: 700 };
  const { sandbox, seen, url } = await inspected(t, WORK, { limits });
  sandbox.run(slices([1, 2]));
  await setTimeout(1000);
  assert.equal(seen.order.length, 0);
  const devtools = await breakAt(url, 5);
  for (const expected of [1, 3]) {
    const { callFrames } = (await devtools.event('Debugger.paused')) as unknown as Paused;
    await setTimeout(1500);
    const { result } = await devtools.call('Debugger.evaluateOnCallFrame', {
      callFrameId: callFrames[0]!.callFrameId,
      expression: 'sum',
    });
    assert.equal((result as { value: unknown }).value, expected);
    await devtools.call('Debugger.resume');
  }
  await seen.untilEnded(2);
  assert.deepEqual(valuesOf(seen), [1, 3]);
  assert.ok(
    seen.batches.every(({ elapsedMs }) => elapsedMs.every((ms) => ms < 700)),
    'nor is it part of the time a Slice took',
  );
});

test('code that never ends can be stopped and looked at', async (t) => {
  const { sandbox, seen, url } = await inspected(
    t,
    `() => { self.on = true; while (self.on); return 'off'; }`,
  );
  sandbox.run(slices([1]));
  const devtools = await DevTools.connect(url);
  await devtools.call('Debugger.enable');
  await devtools.call('Runtime.runIfWaitingForDebugger');
  await setTimeout(100);
  await devtools.call('Debugger.pause');
  const { callFrames } = (await devtools.event('Debugger.paused')) as unknown as Paused;
  await devtools.call('Debugger.evaluateOnCallFrame', {
    callFrameId: callFrames[0]!.callFrameId,
    expression: 'self.on = false',
  });
  await devtools.call('Debugger.resume');
  await seen.untilEnded(1);
  assert.deepEqual(valuesOf(seen), ['off']);
});

test('a debugger that goes lets the Work Function go on, and another may come', async (t) => {
  const { sandbox, seen, url } = await inspected(t, WORK);
  sandbox.run(slices([2]));
  const first = await breakAt(url, 5);
  await first.event('Debugger.paused');
  const refused = new WebSocket(url);
  await new Promise((resolve) => refused.on('error', resolve));
  await first.close();
  await seen.untilEnded(1);
  assert.deepEqual(valuesOf(seen), [3]);
  const second = await breakAt(url, 5);
  sandbox.run(slices([3], 2));
  await second.event('Debugger.paused');
  await second.call('Debugger.resume');
  await seen.untilEnded(2);
  assert.deepEqual(valuesOf(seen), [3, 6]);
});

test('a Sandbox that is disposed of, and an evaluator that closes, end a pause', async (t) => {
  for (const end of ['dispose', 'close'] as const) {
    const { sandbox, seen, url, close } = await inspected(t, WORK);
    sandbox.run(slices([2]));
    const devtools = await breakAt(url, 5);
    await devtools.event('Debugger.paused');
    const started = performance.now();
    if (end === 'dispose') sandbox.dispose();
    else await close();
    await seen.until(() => seen.end !== null);
    assert.ok(performance.now() - started < 1500, `${end} took ${performance.now() - started} ms`);
  }
});

test('Slices that wait for a debugger are named when their Sandbox is disposed of', async (t) => {
  const { sandbox, seen } = await inspected(t, WORK);
  sandbox.run(slices([1, 2]));
  sandbox.dispose();
  await seen.until(() => seen.end !== null);
  assert.deepEqual(seen.end!.unfinished, [1, 2]);
});

test('the list of Sandboxes; who says another name for this machine learns nothing', async (t) => {
  const { url } = await inspected(t, WORK);
  const { host, pathname } = new URL(url);
  const { status, text } = await fetchText(`http://${host}/json/list`);
  assert.equal(status, 200);
  const [target] = JSON.parse(text) as Record<string, string>[];
  assert.equal(target!['webSocketDebuggerUrl'], url);
  assert.match(target!['devtoolsFrontendUrl']!, new RegExp(`ws=${host}${pathname}$`));
  assert.equal((await fetchText(`http://${host}/json/version`)).status, 200);
  assert.equal((await fetchText(`http://${host}/json/list`, 'evil.example')).status, 404);
  assert.equal((await fetchText(`http://${host}/etc/passwd`)).status, 404);
  const socket = new WebSocket(url, { headers: { host: 'evil.example' } });
  const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
  assert.match(error.message, /400/);
});

test('who connects and is gone before the answer is no trouble', async () => {
  const http = createServer();
  // `open` makes its own, on a real port.
  const parts = [http, new WebSocketServer({ noServer: true }), () => undefined];
  const server = Reflect.construct(InspectorServer, parts) as InspectorServer;
  const socket = new PassThrough();
  http.emit('upgrade', { url: '/wrong', headers: { host: 'evil.example' } }, socket, Buffer.alloc(0));
  socket.destroy(new Error('write ECONNRESET'));
  await new Promise((resolve) => socket.on('close', resolve));
  await server.close();
});

test('only loopback addresses are listened on', async () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.com', ''])
    await assert.rejects(openInProcessEvaluator({ inspect: { host, port: 0 } }), { code: 'EINVAL' });
  await assert.rejects(openInProcessEvaluator({ inspect: { port: 70_000 } }), { code: 'EINVAL' });
});
