import { InspectorCommand, type NativeEvaluator } from '../native.js';
import type { InspectorTarget } from './server.js';

/** One Sandbox and the debugger that looks into it. Slices wait until the debugger has set its breakpoints. */
export class Inspection implements InspectorTarget {
  #send: ((message: string) => void) | null = null;
  /** What is to be done once a debugger is ready; null: one is, or was. */
  #waiting: (() => void)[] | null = [];

  constructor(
    private readonly native: NativeEvaluator,
    private readonly sandbox: number,
  ) {}

  get title(): string {
    return `Sandbox ${this.sandbox}`;
  }

  connect(send: (message: string) => void): void {
    this.#send = send;
    this.native.inspect(this.sandbox, InspectorCommand.connect, '');
  }

  receive(message: string): void {
    this.native.inspect(this.sandbox, InspectorCommand.message, message);
  }

  disconnect(): void {
    this.#send = null;
    this.native.inspect(this.sandbox, InspectorCommand.disconnect, '');
  }

  /** Calls `run` when a debugger has said that the Sandbox may run (`Runtime.runIfWaitingForDebugger`), or has gone. */
  whenReady(run: () => void): void {
    if (this.#waiting === null) run();
    else this.#waiting.push(run);
  }

  onMessage(message: string): void {
    this.#send?.(message);
  }

  onRun(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const run of waiting) run();
  }
}
