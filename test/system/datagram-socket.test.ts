import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { test } from 'node:test';
import { DatagramSocket, SystemError, sdNotify } from '#src/system/index.js';
import { datagramReceiver, withoutPython } from '../logging/support/datagram-receiver.js';
import { temporaryDirectory } from '../logging/support/records.js';

const skip = withoutPython;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE. */
const ALL_SEALS = 0b1111;

test('messages arrive one by one, whatever bytes they have', { skip }, async (t) => {
  const address = path.join(temporaryDirectory(t), 'socket');
  const receiver = await datagramReceiver(t, address);
  const socket = new DatagramSocket();
  socket.connect(address);
  const messages = [Buffer.from('a\nb'), Buffer.from([0, 255, 0]), Buffer.alloc(0), Buffer.alloc(100_000, 7)];
  for (const message of messages) assert.equal(socket.send(message), 'sent');
  // A view of a part sends that part.
  assert.equal(socket.send(Buffer.from('within').subarray(1, 3)), 'sent');
  const received = (await receiver.receive(5)).map(({ data }) => data);
  assert.deepEqual(received, [...messages, Buffer.from('it')]);
  socket.close();
});

test(
  'one that is too long is an error, or goes as a memory file that nobody can change',
  { skip },
  async (t) => {
    const address = `@dcp-test-${process.pid}-sealed`;
    const receiver = await datagramReceiver(t, address);
    const socket = new DatagramSocket();
    socket.connect(address);
    const long = Buffer.alloc(32 << 20, 'long ');
    const sending = socket.send(long);
    assert.ok(sending instanceof SystemError);
    assert.equal(sending.message, `send EMSGSIZE ${address}`);
    assert.equal(socket.sendOrSeal(long), 'sent');
    assert.equal(socket.sendOrSeal(Buffer.from('short')), 'sent');
    const [first, second] = await receiver.receive(2);
    assert.equal(first!.data.length, 0);
    assert.equal(first!.sealed, createHash('sha256').update(long).digest('hex'));
    assert.equal(first!.seals, ALL_SEALS);
    assert.deepEqual([second!.data.toString(), second!.sealed], ['short', null]);
    socket.close();
  },
);

test('a peer that does not read is said to be busy, and waited for only when asked', { skip }, async (t) => {
  const address = path.join(temporaryDirectory(t), 'socket');
  const receiver = await datagramReceiver(t, address);
  const socket = new DatagramSocket();
  socket.connect(address);
  let sent = 0;
  while (socket.send(Buffer.from('x')) === 'sent') assert.ok(++sent < 100_000, 'there is an end to it');
  assert.equal(socket.send(Buffer.from('x')), 'wouldBlock');
  const start = performance.now();
  assert.equal(socket.waitWritable(50), false);
  assert.ok(performance.now() - start >= 49);
  const received = receiver.receive(sent);
  assert.equal(socket.waitWritable(5_000), true);
  assert.equal((await received).length, sent);
  socket.close();
});

test('who is not there is named with the reason', () => {
  const socket = new DatagramSocket();
  const codeOf = (address: string): string => {
    try {
      socket.connect(address);
      return 'connected';
    } catch (error) {
      assert.ok(error instanceof SystemError);
      return error.code;
    }
  };
  assert.equal(codeOf('/nowhere/socket'), 'ENOENT');
  assert.equal(codeOf('/dev/null'), 'ECONNREFUSED');
  assert.equal(codeOf('@dcp-test-nobody'), 'ECONNREFUSED');
  assert.equal(codeOf(`/${'a'.repeat(106)}`), 'ENOENT', '107 bytes are a path');
  assert.equal(codeOf(`/${'a'.repeat(107)}`), 'ENAMETOOLONG');
  assert.equal(codeOf(''), 'EINVAL');
  const unconnected = socket.send(Buffer.from('x'));
  assert.ok(unconnected instanceof SystemError && unconnected.code === 'EBADF');
  socket.close();
  socket.close();
});

test('a service manager is told, at a path or an abstract name, if there is one', { skip }, async (t) => {
  const directory = temporaryDirectory(t);
  for (const address of [path.join(directory, 'notify'), `@dcp-test-${process.pid}-notify`]) {
    const receiver = await datagramReceiver(t, address);
    const env = { NOTIFY_SOCKET: address };
    assert.equal(sdNotify('READY=1\nSTATUS=2 Sandboxes', env), true);
    assert.equal(sdNotify('STOPPING=1', env), true);
    const received = (await receiver.receive(2)).map(({ data }) => data.toString());
    assert.deepEqual(received, ['READY=1\nSTATUS=2 Sandboxes', 'STOPPING=1']);
    await receiver.stop();
    assert.equal(sdNotify('READY=1', env), false, 'it has gone');
  }
  for (const env of [{}, { NOTIFY_SOCKET: '' }, { NOTIFY_SOCKET: 'vsock:2:1' }, { NOTIFY_SOCKET: '@' }])
    assert.equal(sdNotify('READY=1', env), false);
});
