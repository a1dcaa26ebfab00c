/**
 * What a piscina thread runs: one task, the native scheduler loop, for as long as the evaluator is open.
 */
import { setImmediate } from 'node:timers/promises';
import { loadNative } from '../native.js';

const native = loadNative();

/** A call of JavaScript that native code makes to find out whether this thread is being ended. */
function probe(): void {
  // Being called is all.
}

export default async function serve({ queueId }: { queueId: number }): Promise<void> {
  while (native.runExecutor(queueId, probe)) {
    // Node wanted the thread: its event loop gets a full turn.
    await setImmediate();
  }
}
