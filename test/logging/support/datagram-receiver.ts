import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { works } from './records.js';

const PROGRAM = fileURLToPath(new URL('../../../test/logging/support/datagram-receiver.py', import.meta.url));

export const withoutPython = works('python3', ['-c', 'import socket; socket.recv_fds'])
  ? (false as const)
  : 'no python3 of 3.9 or later, which receives the datagrams';

/** A message, and the SHA-256 of what came with it as a sealed memory file. */
export interface Datagram {
  readonly data: Buffer;
  readonly sealed: string | null;
  /** Bits of fcntl(2)'s F_GET_SEALS. */
  readonly seals: number;
}

export interface DatagramReceiver {
  /** Reads so many messages. */
  receive(count: number): Promise<Datagram[]>;
  stop(): Promise<void>;
}

/** Binds a path, or `@name`, and reads nothing until it is asked. */
export async function datagramReceiver(t: TestContext, address: string): Promise<DatagramReceiver> {
  const child = spawn('python3', [PROGRAM, address], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return {
    receive: async (count) => {
      child.stdin.write(`${count}\n`);
      const messages: Datagram[] = [];
      while (messages.length < count) {
        const line = await lines.next();
        const said = JSON.parse(String(line.value)) as { data: string; sealed: string | null; seals: number };
        messages.push({ ...said, data: Buffer.from(said.data, 'base64') });
      }
      return messages;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}
