/** Lines: how they come in, how they are cut, what is answered to lines that say nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { listening, onlyOurs, startOnStdio } from './support/evaluator.js';
import { TRANSPORTS } from './support/sandbox.js';
import { connect, connectStdio } from './support/wire.js';

test('a line that is no JSON is answered by its exception, and the connection goes on', async (t) => {
  const wire = await connect(t, await listening());
  wire.send('{"type": \n');
  wire.send(wire.evalLine('1 + 1', 'after'));
  assert.equal(await wire.evaluated('after'), 2);
  const [failure] = wire.outcomes();
  assert.equal(failure!.success, false);
  assert.equal(failure!.exception!.name, 'SyntaxError');
});

test('a message of an unknown type is answered by an exception that names it', async (t) => {
  const wire = await connect(t, await listening());
  wire.send('{"type":"unheard-of"}\n');
  wire.send(wire.evalLine('1 + 1', 'after'));
  assert.equal(await wire.evaluated('after'), 2);
  const [failure] = wire.outcomes();
  assert.deepEqual([failure!.success, failure!.origin], [false, 'unheard-of']);
  assert.match(failure!.exception!.message, /unheard-of/);
});

test('a line that went well is answered by a result, behind what it posted', async (t) => {
  const wire = await connect(t, await listening());
  const from = wire.lines.length;
  wire.send(wire.line({ request: 'resetState' }));
  await wire.until(() => wire.outcomes().length > 0);
  const [posted, outcome] = wire.lines.slice(from);
  assert.equal(wire.posted(posted!)!.request, 'resetStateDone');
  const { type, success, origin } = wire.outcomes()[0]!;
  assert.deepEqual([type, success, origin], ['result', true, 'workerMessage']);
  assert.ok(outcome!.startsWith('MSG:{"type":"result"'));
});

test('a line of UTF-8 may be split at every byte', async (t) => {
  const wire = await connect(t, await listening());
  const text = `ß € \u{1F600} \u2028 \u{10FFFF} \ufeff`;
  let id = 0;
  const nextLine = (): Buffer => Buffer.from(wire.evalLine(JSON.stringify(text), `${++id}`));
  let line = nextLine();
  wire.send(line.subarray(0, 1));
  for (let split = 1; split < line.length - 1; split++) {
    // The end of one line comes with the beginning of the next, so the answer says that both have been read.
    const rest = line.subarray(split);
    line = nextLine();
    wire.send(Buffer.concat([rest, line.subarray(0, split + 1)]));
    assert.equal(await wire.evaluated(`${id - 1}`), text, `split at byte ${split}`);
  }
  assert.ok(id > 100);
});

test('many lines in one piece are answered in their order', async (t) => {
  const wire = await connect(t, await listening());
  const count = 5000;
  const lines = Array.from({ length: count }, (_, n) => wire.evalLine(`${n} * 2`, `n${n}`));
  wire.send(lines.join(''));
  assert.equal(await wire.evaluated(`n${count - 1}`), 2 * (count - 1));
  const answers = wire.lines
    .map((line) => wire.posted(line))
    .filter((m) => m?.request.startsWith('evalResult'));
  assert.deepEqual(
    answers.map((answer) => answer!['data']),
    Array.from({ length: count }, (_, n) => 2 * n),
  );
});

test('a text of 200 MB comes in and goes out', async (t) => {
  const wire = await connectStdio(startOnStdio(t));
  const size = 200_000_000;
  const [before, after] = wire.evalLine(`globalThis.text = ['@'].join(''); text.length`, 'in').split('@') as [
    string,
    string,
  ];
  // Literals of a megabyte: V8 takes a longer one in by a megabyte at a time, and copies all there is of it each time.
  const literal = 'a'.repeat(1_000_000);
  wire.send(before);
  for (let sent = literal.length; sent < size; sent += literal.length) wire.send(`${literal}','`);
  wire.send(`${literal}${after}`);
  assert.equal(await wire.evaluated('in'), size);
  const from = wire.lines.length;
  wire.send(wire.evalLine('text', 'out'));
  await wire.until(() => wire.lines.slice(from).some((line) => line.length > size));
  const answer = wire.lines.slice(from).find((line) => line.length > size)!;
  const start = answer.indexOf('aaa');
  assert.equal(answer.lastIndexOf('aaa') + 3 - start, size);
});

test('a new serializer speaks both ways once it is acknowledged', async (t) => {
  const sandbox = await TRANSPORTS.TCP(t);
  await sandbox.next('__sandboxLoaded');
  const raw: string[] = [];
  sandbox.stream!.on('data', (text: string) => raw.push(...text.split('\n').filter(Boolean)));
  sandbox.worker.changeSerializer!({
    serialize: `function (value) { return 'new ' + JSON.stringify(value); }`,
    deserialize: `function (line) { return JSON.parse(line.slice(4)); }`,
  });
  const answer = await sandbox.ask(
    { request: 'eval', data: '6 * 7', filename: 'a', msgId: 'm' },
    'evalResult::m',
  );
  assert.equal(answer['data'], 42);
  assert.deepEqual(
    raw.slice(0, 2).map((line) => line.slice(0, 14)),
    ['MSG:{"type":"r', 'MSG:new {"type'],
  );
  assert.deepEqual(sandbox.errors, []);
});

test(
  'what V8 calls by itself and nobody catches is a line for the log, whatever lines are in it',
  { skip: onlyOurs('it has no such files') },
  async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'dcp-finalizer-'));
    t.after(() => {
      rmSync(directory, { recursive: true });
    });
    const file = path.join(directory, 'finalizer.js');
    writeFileSync(
      file,
      `let called = false;
     const registry = new FinalizationRegistry(() => { called = true; throw new Error('x\\nMSG:{"forged":true}\\n'); });
     (() => registry.register({}))();
     let garbage = [];
     onreadln(() => {
       garbage.push(new Array(1e5).fill(0));
       if (garbage.length === 20) garbage = [];
       writeln(called ? 'called' : 'waits');
     });`,
    );
    const child = startOnStdio(t, { files: [file], options: ['--no-gpu'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    while (!text.includes('called\n')) {
      child.stdin.write('\n');
      await once(child.stdout, 'data');
    }
    const others = text.split('\n').filter((line) => !['waits', 'called', ''].includes(line));
    assert.equal(others.length, 1, text);
    assert.match(others[0]!, /^LOG:Uncaught Error: x\u2424MSG:\{"forged":true\}\u2424/);
  },
);
