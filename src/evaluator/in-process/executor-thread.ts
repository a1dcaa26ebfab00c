/**
 * What a piscina thread runs: one task, which starts the native scheduler loop and is done. The loop goes on for as long
 * as the evaluator is open; a task that lasted as long would keep the process running, whether anybody wants it or not.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort, threadId } from 'node:worker_threads';
import { loadNative } from '../native.js';

const native = loadNative();

/** What the thread says when its loop has ended, because the queue has stopped. */
export interface ExecutorEnded {
  readonly endedThread: number;
}

/** A call of JavaScript that native code makes to find out whether this thread is being ended. */
function probe(): void {
  // Being called is all.
}

/** Answers which thread this is. */
export default function serve({ queueId }: { queueId: number }): number {
  void runLoop(queueId);
  return threadId;
}

async function runLoop(queueId: number): Promise<void> {
  do {
    // Node wanted the thread: its event loop gets a full turn. The first is for the task's answer.
    await setImmediate();
  } while (native.runExecutor(queueId, probe));
  parentPort!.postMessage({ endedThread: threadId } satisfies ExecutorEnded);
}
