/** `dcp-evaluator` for existing Workers, with what is around it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { programFile } from '../cli/support.js';
import { childrenOf, isNode } from './processes.js';

/** Sends back what comes; a line of JavaScript behind `!` is run. */
const ECHO = `onreadln((line) => { if (line[0] === '!') writeln(String((0, eval)(line.slice(1)))); else writeln(line.slice(0, -1)); });`;

export interface Classic {
  readonly child: ChildProcess;
  /** What it has printed on both streams. */
  printed(): string;
  /** Resolves when it has printed something that matches. */
  until(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Resolves with code and signal. */
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
  /** Sends a line on standard input, or on a connection to its port; resolves with the next line. */
  ask(line: string): Promise<string>;
}

export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-classic-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function echoFile(t: TestContext): string {
  const file = path.join(folderOf(t), 'echo.js');
  writeFileSync(file, ECHO);
  return file;
}

/** With the echo as its startup file; `node`: arguments in front of the program. */
export function startClassic(
  t: TestContext,
  words: readonly string[],
  { env = {}, node = [] }: { env?: NodeJS.ProcessEnv; node?: readonly string[] } = {},
): Classic {
  const args = [...node, programFile('dcp-evaluator'), '--no-gpu', '--threads', '1', echoFile(t), ...words];
  return watch(t, spawn(process.execPath, args, { env: { ...process.env, ...env } }));
}

export function watch(t: TestContext, child: ChildProcess): Classic {
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  let lines = '';
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((each) => each());
  child.stdout!.on('data', (data: Buffer) => {
    text += data.toString();
    lines += data.toString();
    wake();
  });
  child.stderr!.on('data', (data: Buffer) => {
    text += data.toString();
    wake();
  });
  child.stdin?.on('error', () => undefined);
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const until = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(text);
        if (match === null) return;
        waiting.delete(look);
        resolve(match);
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended without printing ${pattern}:\n${text}`)));
    });
  return {
    child,
    printed: () => text,
    until,
    ended,
    async ask(line) {
      child.stdin!.write(`${line}\n`);
      while (!lines.includes('\n'))
        await new Promise<void>((resolve, reject) => {
          waiting.add(resolve);
          void ended.then(() => reject(new Error(`it ended:\n${text}`)));
        });
      const end = lines.indexOf('\n');
      const answer = lines.slice(0, end);
      lines = lines.slice(end + 1);
      return answer;
    },
  };
}

export async function portOf(classic: Classic): Promise<number> {
  const [, port] = await classic.until(/^Listening on 127\.0\.0\.1:(\d+)$/m);
  return Number(port);
}

/** The next line of a connection, once it has sent one of its own. */
export async function askOn(socket: net.Socket, line: string): Promise<string> {
  socket.write(`${line}\n`);
  let answer = '';
  while (!answer.includes('\n')) {
    const [data] = (await once(socket, 'data')) as [Buffer];
    answer += data.toString();
  }
  return answer.trimEnd();
}

export function connect(t: TestContext, port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

/** A process and all below it. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)];
}

/** The one that runs Sandboxes, which came last. */
export function confinedOf(pid: number): number {
  const found = treeOf(pid).findLast(isNode);
  if (found === undefined) throw new Error('no process of Node');
  return found;
}
