/** Evaluators as the child-process host starts them, with code in them that has broken out of V8 (broken.cts). */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { evaluatorArguments } from '#src/evaluator/child-process/arguments.js';
import { evaluatorEnvironment } from '#src/evaluator/child-process/environment.js';
import {
  completeConfinement,
  Confinement,
  LAYERS,
  type ConfinedProcess,
  type ConfinementOptions,
} from '#src/evaluator/confinement/index.js';
import { FrameChannel, onDescriptor } from '#src/evaluator/frames/channel.js';
import { loadNative } from '#src/evaluator/native.js';
import { PeerEvaluator } from '#src/evaluator/peer/evaluator.js';
import type { PeerLink, PeerLinkOwner } from '#src/evaluator/peer/link.js';
import { EvaluatorPeer, SMALL_FRAME_BYTES } from '#src/evaluator/peer/peer.js';
import { EvaluatorError } from '#src/model/index.js';
import type { GpuOptions } from '#src/evaluator/index.js';
import type { Command, Targets } from './attempts.js';
import { filtersOf, threadOf } from './threads.js';

const HOOK = fileURLToPath(new URL('broken.cjs', import.meta.url));
const BUILD = path.resolve(process.env['DCP_NATIVE_BUILD_DIR'] ?? 'build');
export const ATTEMPTS = path.join(BUILD, 'test/attempts.node');
const CHANNEL_FD = 3;

/** Stage two alone. */
export const FILTER_ALONE: ConfinementOptions = { without: LAYERS.filter((name) => name !== 'seccomp') };
export const UNCONFINED: ConfinementOptions = { mode: 'off' };

export interface BrokenOptions {
  readonly gpu?: GpuOptions | null;
  readonly confinement?: ConfinementOptions;
  readonly threads?: number;
  /** False: the kernel refuses it any filter. Default true. */
  readonly takesFilters?: boolean;
}

/** The other side of the control descriptor. */
class BrokenLink implements PeerLink {
  readonly name = 'the evaluator process';
  readonly channel: FrameChannel;
  readonly memory = null;
  readonly process: ConfinedProcess;
  readonly #control: net.Socket;
  readonly #lines: Interface;
  readonly #answers: ((line: string) => void)[] = [];
  printed = '';

  constructor(
    { gpu = null, confinement = {}, threads = 1, takesFilters = true }: BrokenOptions,
    owner: PeerLinkOwner,
  ) {
    const native = loadNative();
    const [ours, theirs] = native.socketPair();
    const env = evaluatorEnvironment(process.env);
    // What the loader may look through is there for the confined process, too.
    const folders = [env['LD_LIBRARY_PATH'], path.dirname(HOOK), path.dirname(ATTEMPTS)];
    env['LD_LIBRARY_PATH'] = folders.filter(Boolean).join(':');
    env['DCP_TEST_ATTEMPTS'] = ATTEMPTS;
    if (!takesFilters) env['DCP_TEST_NO_FILTERS'] = '1';
    const confined = new Confinement({ ...completeConfinement(confinement), gpu: gpu !== null, env });
    const args = evaluatorArguments({ threads, gpu, ...confined.ofProcess });
    this.process = confined.spawn(
      ['--require', HOOK, ...args],
      ['ignore', 'ignore', 'pipe', theirs, 'pipe'],
      { cwd: '/', env },
    );
    native.closeDescriptor(theirs);
    const { child } = this.process;
    child.stderr!.on('data', (text: Buffer) => (this.printed += text.toString()));
    this.#control = child.stdio[4] as net.Socket;
    this.#control.on('error', () => undefined);
    this.#lines = createInterface(this.#control);
    this.#lines.on('line', (line) => this.#answers.shift()?.(line));
    this.channel = new FrameChannel(onDescriptor(ours), SMALL_FRAME_BYTES, {
      onFrame: (frame) => {
        this.process.settle();
        owner.onFrame(frame);
      },
      onClosed: () => undefined,
    });
    child.on('close', (code, signal) => {
      this.channel.destroy();
      this.#control.destroy();
      owner.onGone(new EvaluatorError(`it ended with ${signal ?? code}: ${this.printed}`));
    });
  }

  /** Has the broken code do something. Rejects when the process ends before it answers. */
  async tell(command: Command): Promise<unknown> {
    const answer = new Promise<string>((resolve) => this.#answers.push(resolve));
    this.#control.write(`${JSON.stringify(command)}\n`);
    const ended = once(this.process.child, 'close').then(() => {
      throw new Error(`the evaluator ended: ${this.printed}`);
    });
    return JSON.parse(await Promise.race([answer, ended])) as unknown;
  }

  /** The mode of the filter of each of its threads; 2: there is one. */
  filters(): number[] {
    return filtersOf(this.process.pid);
  }

  kill(): void {
    this.process.kill();
  }

  loss(message: string): EvaluatorError {
    return new EvaluatorError(message);
  }
}

/** One process, whose threads can be made to do anything. */
export class BrokenEvaluator extends PeerEvaluator<BrokenLink> {
  constructor(private readonly options: BrokenOptions) {
    super();
  }

  protected override openPeer(): EvaluatorPeer<BrokenLink> {
    const patience = { startTimeoutMs: 30_000, hangTimeoutMs: 20_000 };
    return new EvaluatorPeer(patience, (owner) => new BrokenLink(this.options, owner));
  }

  /** Of the process that came first. */
  get peer(): EvaluatorPeer<BrokenLink> {
    return [...this.peers][0]!;
  }

  tell(command: Command): Promise<unknown> {
    return this.peer.link.tell(command);
  }

  /** The number, in the process's own eyes, of a thread whose name begins so; null: there is none. */
  threadNamed(name: string): number | null {
    return threadOf(this.peer.link.process.pid, name);
  }
}

export async function openBroken(t: TestContext, options: BrokenOptions): Promise<BrokenEvaluator> {
  const evaluator = new BrokenEvaluator(options);
  t.after(() => evaluator.close());
  await evaluator.start();
  return evaluator;
}

/** What there is to be attacked, and goes when the test ends. */
export async function makeTargets(t: TestContext): Promise<Targets> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  const data = path.join(folder, 'data.mdb');
  const key = path.join(folder, 'worker.keystore');
  writeFileSync(data, 'what the Scheduler has');
  writeFileSync(key, 'what nobody may have', { mode: 0o600 });
  const server = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const { port } = server.address() as net.AddressInfo;
  return [process.pid, Number(loadNative().addressOf(HOST_BYTES)), port, CHANNEL_FD, data, key, folder];
}
/** So many that V8 does not keep them in its heap, where they would move and others be written over. */
const HOST_BYTES = new Uint8Array(4096);
