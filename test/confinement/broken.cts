/**
 * Node loads this in a confined evaluator before anything else (`--require`), in its main thread and in each that runs
 * Sandboxes: it stands for code that has broken out of V8. What the test tells it to do comes on a descriptor of its own.
 */
import net = require('node:net');
import readline = require('node:readline');
import threads = require('node:worker_threads');
import type { Attempts, Command } from './attempts.js';

/** Behind the channel. */
const CONTROL_FD = 4;

const addon = require(process.env['DCP_TEST_ATTEMPTS']!) as Attempts;

/** Any thread may be told to end. */
const THREADS = 'dcp-test-threads';

if (threads.isMainThread && process.env['DCP_TEST_NO_FILTERS'] === '1') addon.refuseFilters();
if (threads.isMainThread) listen();
else {
  addon.registerThread();
  const orders = new threads.BroadcastChannel(THREADS);
  orders.onmessage = () => process.exit(1);
  orders.unref();
}

function listen(): void {
  const socket = new net.Socket({ fd: CONTROL_FD });
  readline.createInterface(socket).on('line', (line) => {
    const command = JSON.parse(line) as Command;
    let answer: unknown;
    try {
      answer = run(command);
    } catch (error) {
      answer = { code: (error as NodeJS.ErrnoException).code ?? String(error) };
    }
    socket.write(`${JSON.stringify(answer ?? null)}\n`);
  });
  socket.unref();
}

function run(command: Command): unknown {
  switch (command.do) {
    case 'configure':
      return addon.configure(...command.targets);
    case 'threads':
      return addon.threads();
    case 'names':
      return { attempts: addon.names(), deadly: addon.deadlyNames() };
    case 'attempt':
      return addon.attempt(command.where);
    case 'attemptDeadly':
      return addon.attemptDeadly(command.index);
    case 'endThreads':
      return new threads.BroadcastChannel(THREADS).postMessage('end');
    case 'script':
      // Host JavaScript of any kind.
      return (new Function('require', 'process', command.script) as (...args: unknown[]) => unknown)(
        require,
        process,
      );
  }
}
