/**
 * Steps of a command: each prints one line with its time, and its log only when it fails, so that a run that
 * goes well fits on one screen and a run that does not shows what to look at.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from './cpu-time.mjs';

/** The checkout's root: every script works from any current directory. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** How many things run side by side. */
export const jobs = availableParallelism();

/** Where a command of a dev dependency lies; `npx` would cost half a second each time. @param {string} name */
export const bin = (name) => path.join(root, 'node_modules', '.bin', name);

/** A command ended badly. `output` is all it wrote. */
export class CommandError extends Error {
  /**
   * @param {string} message
   * @param {string} output
   * @param {number | null} [code] what it exited with; null: it did not start, or was ended
   */
  constructor(message, output, code = null) {
    super(message);
    this.name = 'CommandError';
    this.output = output;
    this.code = code;
  }
}

/** Whether what is begun now is to leave the processors to others. @type {AsyncLocalStorage<boolean>} */
const modest = new AsyncLocalStorage();

/**
 * A third of the time that others get where there is too little for all. With less, it would hardly go on at all on a machine
 * that has other work, too.
 */
const MODEST = 5;

/**
 * Does something whose commands leave the processors to others first.
 * @template T
 * @param {() => Promise<T>} work
 */
export function inSpareTime(work) {
  return modest.run(true, work);
}

/** @param {number} pid of a process that leads a session of its own */
function stepBack(pid) {
  try {
    setPriority(pid, MODEST);
    // Where the kernel shares time among sessions, a process's own priority counts within its session alone.
    writeFileSync(`/proc/${pid}/autogroup`, String(MODEST));
  } catch {
    // It has ended already, or the kernel has no such groups.
  }
}

/**
 * Runs a command to its end and answers what it wrote to both streams. The command leads a process group of its own,
 * so that a time limit (ms) ends its children too.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{env?: NodeJS.ProcessEnv, cwd?: string, show?: boolean, timeoutMs?: number}} [options] `show` passes the
 *   output through as it comes.
 * @returns {Promise<string>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (modest.getStore() && child.pid !== undefined) stepBack(child.pid);
    /** @type {Buffer[]} */
    const chunks = [];
    /** @param {Buffer} chunk */
    const collect = (chunk) => {
      chunks.push(chunk);
      if (options.show) process.stdout.write(chunk);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);

    const endGroup = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group is gone already.
      }
    };
    let timedOut = false;
    const timer =
      options.timeoutMs === undefined
        ? null
        : setTimeout(() => {
            timedOut = true;
            endGroup();
          }, options.timeoutMs);
    // The child is no longer in the terminal's own group: pass on what would have reached it.
    const interrupt = () => {
      endGroup();
      process.exit(130);
    };
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    const settle = () => {
      if (timer) clearTimeout(timer);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    };

    child.on('error', (error) => {
      settle();
      reject(new CommandError(`${command}: ${error.message}`, ''));
    });
    child.on('close', (code, signal) => {
      settle();
      const output = Buffer.concat(chunks).toString();
      if (code === 0) return resolve(output);
      const how = timedOut
        ? `did not end within ${(options.timeoutMs ?? 0) / 1000} s`
        : signal
          ? `ended by ${signal}`
          : `exit code ${code}`;
      reject(new CommandError(`${[command, ...args].join(' ')}: ${how}`, output, code));
    });
  });
}

/**
 * Runs Node (this one unless another is named) on a script.
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export const runNode = (args, options) => run(process.execPath, args, options);

/**
 * Does things side by side, as many at a time as there are cores, begun in their order.
 * @template Thing
 * @param {readonly Thing[]} things
 * @param {(thing: Thing) => Promise<unknown>} work
 * @param {number} [lanes]
 */
export async function sideBySide(things, work, lanes = jobs) {
  const waiting = [...things];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** @typedef {{name: string, seconds: number, state: 'ok' | 'failed' | 'skipped', note: string}} StepRecord */

/**
 * Runs steps one after another and remembers how they went.
 */
export class Steps {
  /** @type {StepRecord[]} */
  records = [];
  /** @type {Set<string>} */
  #running = new Set();
  #start = performance.now();

  get failed() {
    return this.records.some((record) => record.state === 'failed');
  }

  /**
   * Runs one step. `work` may answer a short note for the step's line.
   * @param {string} name
   * @param {() => unknown} work
   * @returns {Promise<boolean>} false when it failed; the log has been printed then
   */
  async step(name, work) {
    const start = performance.now();
    this.#running.add(name);
    this.#showRunning();
    let note = '';
    /** @type {StepRecord['state']} */
    let state = 'ok';
    let log = '';
    try {
      note = String((await work()) ?? '');
    } catch (error) {
      state = 'failed';
      log = error instanceof CommandError ? `${error.output.trimEnd()}\n${error.message}` : describe(error);
    }
    const seconds = (performance.now() - start) / 1000;
    this.records.push({ name, seconds, state, note });
    this.#running.delete(name);
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
    const mark = state === 'ok' ? '✓' : '✗';
    console.log(`  ${mark} ${name.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s${note && `   ${note}`}`);
    if (log) console.log(`\n${log.replace(/^/gm, '    ')}\n`);
    this.#showRunning();
    return state === 'ok';
  }

  #showRunning() {
    if (process.stdout.isTTY && this.#running.size > 0)
      process.stdout.write(`\r\x1b[2K  … ${[...this.#running].join(', ')}`);
  }

  /**
   * Like `step`, but what comes after needs it: a failure ends the program.
   * @param {string} name
   * @param {() => unknown} work
   */
  async must(name, work) {
    if (!(await this.step(name, work))) process.exit(1);
  }

  /**
   * Like `step`, but the rest can do without: an error makes it skipped, and its message is why.
   * @param {string} name
   * @param {() => Promise<string>} work answers the note of the step's line
   */
  async optional(name, work) {
    const start = performance.now();
    let note;
    try {
      note = await work();
    } catch (error) {
      return this.skip(name, error instanceof Error ? error.message : String(error));
    }
    const seconds = (performance.now() - start) / 1000;
    this.records.push({ name, seconds, state: 'ok', note });
    console.log(`  ✓ ${name.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s   ${note}`);
  }

  /** @param {string} name @param {string} why */
  skip(name, why) {
    this.records.push({ name, seconds: 0, state: 'skipped', note: why });
    console.log(`  – ${name.padEnd(28)}            ${why}`);
  }

  /** The durations, one line a step. */
  table() {
    const width = Math.max(...this.records.map((record) => record.name.length), 'total'.length);
    // Not the sum: some run side by side.
    const total = (performance.now() - this.#start) / 1000;
    const line = (/** @type {string} */ name, /** @type {number} */ seconds, /** @type {string} */ state) =>
      `  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(7)} s  ${state}`;
    return [
      ...this.records.map((record) => line(record.name, record.seconds, record.state)),
      line('total', total, this.failed ? 'failed' : 'ok'),
      line('CPU time', cpuSeconds(), ''),
    ].join('\n');
  }
}

/** @param {unknown} error */
function describe(error) {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** True when the module of this URL is the program and not an import. @param {string} url */
export function isProgram(url) {
  return process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(url);
}
