/** Runs cases under dawn.node (the npm package `webgpu`), in processes of Node. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CaseResult } from './case.js';
import { Lost, type Engine, type Seat } from './engine.js';

/** What the process (fixtures/dawn-node.ts) says. */
export type Said = { readonly ready: true } | { readonly begun: string } | { readonly results: CaseResult[] };

const PROGRAM = fileURLToPath(new URL('./fixtures/dawn-node.js', import.meta.url));
/** What a process may print before the rest is dropped. */
const MAX_OUTPUT = 64 * 1024;

/** @param script the path of a file with it @param caseTimeoutMs for one case */
export function openDawnNode(script: string, caseTimeoutMs: number): Engine {
  const open = async (): Promise<Seat> => {
    const child = fork(PROGRAM, [script], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        if (output.length < MAX_OUTPUT) output += chunk.toString();
      });
    }
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => resolve(`${signal ?? `exit code ${code}`}: ${output.trim()}`));
    });
    /** The next thing it says but `begun`. */
    const next = async (): Promise<Said> => {
      let late = false;
      let timer: NodeJS.Timeout;
      const watch = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          late = true;
          child.kill('SIGKILL');
        }, caseTimeoutMs);
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
      throw new Lost(late ? `no end within ${caseTimeoutMs / 1000} s` : answer);
    };
    await next();
    return {
      async run(batch) {
        const answer = next();
        child.send(batch);
        return ((await answer) as { results: CaseResult[] }).results;
      },
      async close() {
        child.kill('SIGKILL');
        await ended;
      },
    };
  };
  return { name: 'dawn.node', open, close: () => Promise.resolve() };
}
