/** Classic Sandboxes and the process they are in: what one says, or a listener throws, is no trouble of the others'. No dcp-client here. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openSandboxClass } from '#src/evaluator/index.js';
import { LineSplitter } from '#src/evaluator/classic/line-splitter.js';
import { openClassicHost } from '#src/evaluator/classic/open.js';
import { onlyOurs } from './support/evaluator.js';

const skip = onlyOurs('it is no evaluator in this process');

/** Does what each line says; to the class, a line is JSON. */
const DOER = `onreadln((line) => new Function('writeln', line.startsWith('{') ? JSON.parse(line).message : line)(writeln));`;
const startup = [{ name: 'doer.js', source: Buffer.from(DOER) }];
const OPTIONS = { startup, threads: 1, spare: 0, gpu: null };

/** A Sandbox whose output is taken when the test says so. */
async function take(t: TestContext) {
  const host = await openClassicHost(OPTIONS, () => undefined);
  t.after(() => host.close());
  const sandbox = host.pool.take();
  const seen = { lines: [] as string[], end: undefined as string | null | undefined };
  const lines = new LineSplitter((line) => seen.lines.push(line));
  const read = (): number => {
    let bytes = 0;
    for (const chunk of sandbox.takeOutput()) {
      lines.add(chunk);
      bytes += chunk.length;
    }
    return bytes;
  };
  sandbox.observe({
    onReady: () => undefined,
    onOutput: () => undefined,
    onRoom: () => undefined,
    onEnded: (reason) => (seen.end = reason),
  });
  const until = async (what: RegExp): Promise<number> => {
    let bytes = 0;
    while (seen.end === undefined && !seen.lines.some((line) => what.test(line))) {
      await sleep(5);
      bytes += read();
    }
    return bytes;
  };
  return { sandbox, seen, until, send: (line: string) => sandbox.read(Buffer.from(`${line}\n`)) };
}

test('what nobody handles is said in short, however much and however long it is', { skip }, async (t) => {
  const { seen, send, until } = await take(t);
  send(`const text = 'x'.repeat(1e6); for (let n = 0; n < 20; n++) Promise.reject(text);`);
  send(`const error = new Error('short'); error.stack = 'y'.repeat(1e6); throw error;`);
  send(`writeln('done')`);
  const bytes = await until(/^done$/);
  assert.ok(bytes < 100_000, `${bytes} bytes were said`);
  assert.match(seen.lines[0]!, /^LOG:Uncaught \(in promise\) x{4096}\.\.\.␤x.*x\.\.\.␤and 4 more$/);
  assert.match(seen.lines[1]!, /^LOG:Uncaught y{4096}\.\.\.$/);
});

test(
  'what was thrown ends no Sandbox while a line waits behind output that nobody takes',
  { skip },
  async (t) => {
    const { sandbox, seen, send, until } = await take(t);
    send(`writeln('x'.repeat(2 ** 25)); Promise.reject('no answer')`);
    send(`writeln('MSG:{"type":"workerMessage"}')`);
    const bytes = await until(/^x/);
    await sleep(50);
    assert.equal(seen.end, undefined);
    sandbox.releaseOutput(bytes);
    await until(/^MSG:/);
    assert.equal(seen.end, undefined);
  },
);

test('limits that cannot be are refused', { skip }, async () => {
  await assert.rejects(openSandboxClass({ ...OPTIONS, spare: 1, limits: { heapMiB: 8 } }), {
    code: 'EINVAL',
    message: /^heapMiB: expected whole MiB from 16/,
  });
});

/** Two Sandboxes have something to say at once; the listener of the first one throws. */
const THROWING = `
  import { openSandboxClass } from ${JSON.stringify(import.meta.resolve('#src/evaluator/index.js'))};
  process.on('uncaughtException', ({ message }) => console.log(message));
  const startup = [{ name: 'doer.js', source: Buffer.from(${JSON.stringify(DOER)}) }];
  const { SandboxConstructor, close } = await openSandboxClass({ startup, threads: 1, spare: 0, gpu: null });
  const say = (what) => \`writeln('MSG:{"type":"workerMessage","message":"\${what}"}')\`;
  const [one, two] = [new SandboxConstructor(), new SandboxConstructor()];
  for (const sandbox of [one, two])
    await new Promise((resolve) => ((sandbox.onmessage = resolve), sandbox.postMessage(say('ready'))));
  one.onmessage = ({ data }) => { throw new Error('thrown at ' + data); };
  const heard = new Promise((resolve) => (two.onmessage = resolve));
  one.postMessage(say('first') + ';' + say('second'));
  two.postMessage(say('here'));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  console.log((await heard).data);
  one.postMessage(say('third'));
  await new Promise((resolve) => process.once('uncaughtException', resolve));
  await close();
`;
test('what a listener throws comes out on its own, and all that was said is heard', { skip }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', THROWING], {
    timeout: 60_000,
  });
  assert.deepEqual(stdout.trim().split('\n').sort(), [
    'here',
    'thrown at first',
    'thrown at second',
    'thrown at third',
  ]);
});

test('a line that says nothing comes as onerror', { skip, timeout: 60_000 }, async (t) => {
  const sandboxes = await openSandboxClass(OPTIONS);
  t.after(() => sandboxes.close());
  for (const said of ['null', '5', 'nothing']) {
    const worker = new sandboxes.SandboxConstructor();
    const error = new Promise<Error>((resolve) => (worker.onerror = resolve));
    worker.postMessage(`writeln('MSG:${said}')`);
    assert.match((await error).message, /a Sandbox wrote a line that is no message/);
  }
});

test('long lines are decoded in pieces', { skip }, () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  const text = `x${'é'.repeat(2 ** 25 + 10)}`;
  const bytes = Buffer.from(`${text}\nshort\n`);
  splitter.add(bytes.subarray(0, 1000));
  splitter.add(bytes.subarray(1000));
  assert.equal(lines.length, 2);
  assert.ok(lines[0] === text);
  assert.equal(lines[1], 'short');
});
