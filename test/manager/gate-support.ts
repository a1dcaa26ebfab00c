/** dcp-evaluator-manager before an evaluator that says who it is and sends back what it gets. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tinyClient } from '../cli/evaluator-start-support.js';
import { start, temporaryDirectory, type Running } from '../cli/support.js';

/** Monitors that see what others do at this machine. */
const OTHERS = ['session', 'screensaver', 'logind', 'battery'];

/** The program that an evaluator is once it has said who it is. No other test makes room for it. */
export const ECHO = `dcp-gate-${process.pid}`;
const EVALUATOR = `#!/bin/sh
# A process of its own beside it, as evaluators may have.
sleep 60 &
echo "$$ $!"
exec "$(dirname "$0")/${ECHO}"
`;

export interface Gate extends Running {
  readonly port: number;
  readonly socket: string;
  /** The file that is started for each connection. */
  readonly evaluator: string;
}

/** Listens on a free port and has a status socket; ended with the test. */
export function startGate(t: TestContext, ...options: readonly string[]): Promise<Gate> {
  return startGateWith(t, OTHERS, {}, options);
}

/** The same before the screensaver on this session bus. */
export function startGateOnDesktop(t: TestContext, bus: string): Promise<Gate> {
  const disabled = OTHERS.filter((name) => name !== 'screensaver');
  return startGateWith(t, disabled, { DBUS_SESSION_BUS_ADDRESS: bus }, []);
}

async function startGateWith(
  t: TestContext,
  disabled: readonly string[],
  env: NodeJS.ProcessEnv,
  options: readonly string[],
): Promise<Gate> {
  const folder = temporaryDirectory(t);
  const evaluator = path.join(folder, 'evaluator');
  writeFileSync(evaluator, EVALUATOR);
  chmodSync(evaluator, 0o755);
  copyFileSync('/bin/cat', path.join(folder, ECHO));
  const socket = path.join(folder, 'status');
  const behind = ['--', '--dcp-client', tinyClient(t), '-e', evaluator];
  const words = ['-p', '0', '-v', '--status-socket', socket, '-d', disabled.join(','), ...options, ...behind];
  const running = start(t, 'dcp-evaluator-manager', words, env);
  const [, port] = await running.printed(/^Listening on 127\.0\.0\.1:(\d+)$/m);
  return { ...running, port: Number(port), socket, evaluator };
}

/** A connection through the gate. */
export class Peer {
  readonly socket: net.Socket;
  /** Resolves when the other side has closed; true: with a reset. */
  readonly closed: Promise<boolean>;
  #text = '';
  #onText: () => void = () => undefined;

  constructor(t: TestContext, port: number) {
    this.socket = net.connect(port, '127.0.0.1');
    t.after(() => this.socket.destroy());
    this.closed = new Promise((resolve) => {
      this.socket.on('error', () => resolve(true));
      this.socket.on('close', () => {
        resolve(false);
        this.#onText();
      });
    });
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#onText();
    });
  }

  /** The next line; null: the connection has been closed before one came. */
  async line(): Promise<string | null> {
    while (!this.#text.includes('\n')) {
      if (this.socket.closed) return null;
      await new Promise<void>((resolve) => (this.#onText = resolve));
    }
    const end = this.#text.indexOf('\n');
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  /** The processes of its evaluator; null: it got none. */
  async processes(): Promise<number[] | null> {
    return (await this.line())?.split(' ').map(Number) ?? null;
  }

  async echo(text: string): Promise<string | null> {
    this.socket.write(`${text}\n`);
    return this.line();
  }
}

/** One letter; null: there is no such process, or it has ended and nobody has asked how. */
export function stateOf(pid: number): string | null {
  try {
    const [, state] = /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))!;
    return state === 'Z' || state === 'X' ? null : state!;
  } catch {
    return null;
  }
}

/** Resolves when a process is in this state; rejects when it is gone, and that is not what was wanted. */
export async function untilState(pid: number, wanted: (state: string | null) => boolean): Promise<void> {
  for (;;) {
    const state = stateOf(pid);
    if (wanted(state)) return;
    assert.ok(state !== null, `process ${pid} is gone`);
    await sleep(10);
  }
}
