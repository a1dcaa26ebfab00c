/** Peers of the classic evaluator that send nothing more: whether they still read decides what becomes of their Sandbox. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { folderOf, portOf, startClassic, type Classic } from '../confinement/classic-support.js';

interface Peer {
  readonly classic: Classic;
  readonly input: Writable;
  readonly output: Readable;
}

function connected(t: TestContext, classic: Classic, where: net.NetConnectOpts): Peer {
  // Its side does not end because the other one does.
  const socket = net.connect({ ...where, allowHalfOpen: true });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  return { classic, input: socket, output: socket };
}

const PEERS: Readonly<Record<string, (t: TestContext) => Promise<Peer>>> = {
  TCP: async (t) => {
    const classic = startClassic(t, ['-p', '0', '-d', '6']);
    return connected(t, classic, { port: await portOf(classic), host: '127.0.0.1' });
  },
  'a UNIX socket': async (t) => {
    const socket = path.join(folderOf(t), 'socket');
    const classic = startClassic(t, ['--socket', socket, '-d', '6']);
    await classic.until(/^Listening on /m);
    return connected(t, classic, { path: socket });
  },
  'pipes of standard streams': (t) => {
    const classic = startClassic(t, ['-d', '6']);
    return Promise.resolve({ classic, input: classic.child.stdin!, output: classic.child.stdout! });
  },
};

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Long enough for whatever would end a Sandbox that says nothing. */
const LATE_MS = 1_000;
const LATE = {
  'computes on': `!writeln('begun'), (() => { for (const end = Date.now() + ${LATE_MS}; Date.now() < end; ); })(), 'late'`,
  'waits for a timer': `!ontimer(() => writeln('late')), nextTimer(Date.now() + ${LATE_MS}), 'begun'`,
};

for (const [name, open] of Object.entries(PEERS)) {
  for (const [what, line] of Object.entries(LATE))
    test(`${name}: what a Sandbox says late that ${what} still comes, then the connection ends`, async (t) => {
      const { input, output } = await open(t);
      input.end(`${line}\n`);
      const text = await textOf(output);
      assert.deepEqual(text.split('\n').filter(Boolean), ['begun', 'late']);
      // Only TCP does not tell otherwise that somebody is there.
      if (name !== 'TCP') assert.equal(text, 'begun\nlate\n');
    });

  test(`${name}: a Sandbox that loops is stopped when its peer has gone`, async (t) => {
    const { classic, input, output } = await open(t);
    input.write("!writeln('begun'); for (;;);\n");
    await once(output, 'data');
    input.end();
    output.destroy();
    await classic.until(/connection 1: closed/);
  });
}

test('a peer that ends its side first, and is gone later, is found out', async (t) => {
  const { classic, input, output } = await PEERS['TCP']!(t);
  input.write("!writeln('begun'); for (;;);\n");
  await once(output, 'data');
  input.end();
  // An empty line, which asks whether it is there.
  const [data] = (await once(output, 'data')) as [Buffer];
  assert.equal(data.toString(), '\n');
  output.destroy();
  await classic.until(/connection 1: closed/);
});

test('lines that wait behind more output than a peer takes are answered after its end, too', async (t) => {
  const { input, output } = await PEERS['a UNIX socket']!(t);
  const lines = 30;
  input.end(`!for (let n = 0; n < ${lines}; n++) writeln('x'.repeat(2 ** 20)); 'first'\nsecond\n`);
  await once(output, 'readable');
  const said = (await textOf(output)).split('\n');
  assert.deepEqual([said.length, said.at(-3), said.at(-2)], [lines + 3, 'first', 'second']);
});
