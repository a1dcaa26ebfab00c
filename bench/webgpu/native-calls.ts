/** The calls in C++ (bench/native/webgpu_calls.cc), which scripts/bench.mjs builds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallBench } from './calls.js';
import { dawnLibrary } from './engines.js';

/** Where scripts/bench.mjs has built what is written in C++. */
export const NATIVE_RIVALS =
  process.env.DCP_BENCH_NATIVE ?? fileURLToPath(new URL('../../build-bench', import.meta.url));

export interface NativeCalls extends CallBench {
  close(): Promise<void>;
}

export async function openNativeCalls(): Promise<NativeCalls> {
  const child = spawn(join(NATIVE_RIVALS, 'webgpu_calls'), [dawnLibrary()], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
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
