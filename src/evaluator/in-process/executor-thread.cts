/**
 * What a piscina thread runs: one task, which starts the native scheduler loop and is done. The loop goes on for as long
 * as the evaluator is open; a task that lasted as long would keep the process running, whether anybody wants it or not.
 *
 * CommonJS without any other module of ours: of what a thread takes to begin, loading is what can be saved, and Node 20
 * aborts the process when a thread is ended while piscina requires an ES module in it ("IsGraphAsync must be used on an
 * instantiated module").
 */
import timers = require('node:timers/promises');
import workers = require('node:worker_threads');
import type { Native } from '../native.js' with { 'resolution-mode': 'import' };

const { parentPort, threadId } = workers;

declare namespace serve {
  interface Task {
    readonly queueId: number;
    /** The file of the addon, which the thread that made the queue has loaded. */
    readonly addon: string;
  }
  /** What the thread says when its loop has ended, because the queue has stopped. */
  interface Ended {
    readonly endedThread: number;
  }
}

/** Answers which thread this is. */
function serve({ queueId, addon }: serve.Task): number {
  void runLoop(require(addon) as Native, queueId);
  return threadId;
}

async function runLoop(native: Native, queueId: number): Promise<void> {
  do {
    // Node wanted the thread: its event loop gets a full turn. The first is for the task's answer.
    await timers.setImmediate();
  } while (native.runExecutor(queueId, probe));
  parentPort!.postMessage({ endedThread: threadId } satisfies serve.Ended);
}

/** A call of JavaScript that native code makes to find out whether this thread is being ended. */
function probe(): void {
  // Being called is all.
}

export = serve;
