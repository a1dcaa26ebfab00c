import { packColumns, zeroMetrics } from '#src/model/index.js';
import type { Unsubmitted } from '#src/supervisor/spool/index.js';

/** One result of so many bytes, each of them `n`, of Slice `n`. */
export function record(n: number, bytes: number): Unsubmitted {
  return {
    jobId: 'job',
    taskId: `task ${n}`,
    messages: [{ type: 'console', slice: n, level: 'log', message: `from ${n}` }],
    results: {
      numbers: Uint32Array.of(n),
      outcomes: Uint8Array.of(0),
      ...zeroMetrics(1),
      ...packColumns([{ head: Uint8Array.of(n % 256), segments: [new Uint8Array(bytes).fill(n)] }]),
    },
    returns: [{ numbers: Uint32Array.of(n + 1), reason: { code: 'ESHUTDOWN', message: '', counted: false } }],
  };
}
