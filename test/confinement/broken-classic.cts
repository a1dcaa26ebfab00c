/**
 * Node loads this in a classic evaluator before anything else (`--require`), in its main thread and in each that runs Sandboxes: it stands
 * for code that has broken out of V8. When the first connection is there it makes its attempts, and says on standard error what came of them.
 * What it needs lies in a folder that the loader is told to look through, as nothing else is there for a confined process.
 */
import fs = require('node:fs');
import path = require('node:path');
import threads = require('node:worker_threads');
import type { Attempts, Targets, Where } from './attempts.js';

const folder = (process.env['LD_LIBRARY_PATH'] ?? '')
  .split(':')
  .find((each) => fs.existsSync(path.join(each, 'targets.json')))!;
const targets = JSON.parse(fs.readFileSync(path.join(folder, 'targets.json'), 'utf8')) as Targets;
const addon = require(path.join(folder, 'attempts.node')) as Attempts;

// The process that becomes the confined one, or starts it, runs no Job.
if (!threads.isMainThread) addon.registerThread();
else if (process.argv.some((word) => word === '--confined' || word === '--confinement=off')) {
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text: string | Uint8Array) => {
    if (String(text).includes('connection 1: open')) setImmediate(attempt);
    return write(text);
  };
}

function attempt(): void {
  // A thread may still be on its way.
  if (addon.threads().length === 0) return void setTimeout(attempt, 10);
  addon.configure(...targets);
  const wheres: Where[] = ['main', 'libuv', 'v8', addon.threads()[0]!];
  const attempted = wheres.map((where) => addon.attempt(where));
  process.stderr.write(`ATTEMPTS ${JSON.stringify({ names: addon.names(), attempted })}\n`);
}
