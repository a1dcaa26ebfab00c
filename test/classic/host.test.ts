/** Classic Sandboxes and the process they are in: what one says, or a listener throws, is no trouble of the others'. No dcp-client here. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineSplitter } from '#src/evaluator/classic/line-splitter.js';
import { openClassicHost } from '#src/evaluator/classic/open.js';
import { onlyOurs } from './support/evaluator.js';

const skip = onlyOurs('it is no evaluator in this process');

/** Does what each line says. */
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
    const bytes = await until(/Uncaught/);
    await sleep(50);
    assert.equal(seen.end, undefined);
    sandbox.releaseOutput(bytes);
    await until(/^MSG:/);
    assert.equal(seen.end, undefined);
  },
);
