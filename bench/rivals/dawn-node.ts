/**
 * WebGPU of the npm package `webgpu` (dawn.node), in a process of its own: it gets the text of a function of a GPU that opens a bench,
 * and then calls of that bench's methods, one after another.
 */
import { create, globals } from 'webgpu';
import type { EngineCall } from '../webgpu/engines.js';

Object.assign(globalThis, globals);
const gpu = create([]);

type Opened = Record<string, (...args: unknown[]) => unknown>;
let opened: Promise<Opened> | null = null;

process.on('message', ({ open, method, args }: EngineCall) => {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the same text runs in a Sandbox
  opened ??= (new Function('gpu', `return (${open})(gpu)`) as (gpu: GPU) => Promise<Opened>)(gpu);
  void opened
    .then((bench) => (typeof bench[method] === 'function' ? bench[method](...args) : bench[method]))
    .then(
      (value) => process.send!({ value }),
      (error: unknown) => process.send!({ error: error instanceof Error ? error.stack : String(error) }),
    );
});
// dawn.node's own event loop would keep the process.
process.on('disconnect', () => process.exit(0));
