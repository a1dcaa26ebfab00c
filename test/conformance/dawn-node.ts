/** Runs cases under dawn.node (the npm package `webgpu`), in processes of Node. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CaseResult } from './case.js';
import { EngineError, Lost, type Engine, type Seat } from './engine.js';

/** What the process (fixtures/dawn-node.ts) says. */
export type Said = { readonly ready: true } | { readonly begun: string } | { readonly results: CaseResult[] };

const PROGRAM = fileURLToPath(new URL('./fixtures/dawn-node.js', import.meta.url));
/** A process may take so long to load the script, milliseconds. It is no case's time. */
const START_MS = 120_000;
/** What a process may print before the rest is dropped. */
const MAX_OUTPUT = 64 * 1024;

/** @param script the path of a file with it @param caseTimeoutMs for one case */
export function openDawnNode(script: string, caseTimeoutMs: number): Engine {
  const children = new Set<ChildProcess>();
  let isClosed = false;
  const open = async (): Promise<Seat> => {
    if (isClosed) throw new EngineError('dawn.node is closed');
    const child = fork(PROGRAM, [script], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    children.add(child);
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        if (output.length < MAX_OUTPUT) output += chunk.toString();
      });
    }
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => {
        children.delete(child);
        resolve(`${signal ?? `exit code ${code}`}: ${output.trim()}`);
      });
    });
    /** The next thing it says but `begun`. Rejects with a `Lost` when it ends, or says nothing at all for so long. */
    const next = async (withinMs: number): Promise<Said> => {
      let late = false;
      let timer: NodeJS.Timeout;
      const watch = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          late = true;
          child.kill('SIGKILL');
        }, withinMs);
      };
      watch();
      let onMessage!: (message: Said) => void;
      const said = new Promise<Said>((resolve) => {
        onMessage = (message) => {
          watch();
          if (!('begun' in message)) resolve(message);
        };
        child.on('message', onMessage);
      });
      const answer = await Promise.race([said, ended]);
      clearTimeout(timer!);
      child.off('message', onMessage);
      if (typeof answer !== 'string') return answer;
      throw new Lost(late ? `no end within ${withinMs / 1000} s` : answer);
    };
    try {
      await next(START_MS);
    } catch (error) {
      throw new EngineError(`dawn.node does not start: ${(error as Error).message}`);
    }
    return {
      async run(batch) {
        const answer = next(caseTimeoutMs);
        child.send(batch);
        return ((await answer) as { results: CaseResult[] }).results;
      },
      async close() {
        child.kill('SIGKILL');
        await ended;
      },
    };
  };
  const close = (): Promise<void> => {
    isClosed = true;
    for (const child of children) child.kill('SIGKILL');
    return Promise.resolve();
  };
  process.once('exit', () => void close());
  return { name: 'dawn.node', open, close };
}
