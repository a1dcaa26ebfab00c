/** The calls in C++ (bench/native/webgpu_calls.cc), which scripts/bench.mjs builds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CallBench } from './calls.js';
import { dawnLibrary } from './engines.js';

const PROGRAM = fileURLToPath(new URL('../../build-bench/webgpu_calls', import.meta.url));

export interface NativeCalls extends CallBench {
  close(): Promise<void>;
}

export async function openNativeCalls(): Promise<NativeCalls> {
  const child = spawn(PROGRAM, [dawnLibrary()], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error('webgpu_calls has ended');
    return line.value;
  };
  return {
    adapter: await next(),
    async time(call, turns) {
      child.stdin.write(`${turns} ${call}\n`);
      return Number(await next());
    },
    async close() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
