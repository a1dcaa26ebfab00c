/** The host's side of a classic Sandbox: bytes of lines in and out (native/classic). */
import type { SandboxLimits } from '../evaluator.js';
import type { NativeEvaluator, NativeEvent } from '../native.js';

const MIB = 2 ** 20;

/** A script that every classic Sandbox runs before its first line: UTF-8 text, and the name that stacks show. */
export interface StartupFile {
  readonly name: string;
  readonly source: Uint8Array;
}

export interface ClassicObserver {
  /** It has run its startup files. */
  onReady(): void;
  /** There is output to be taken. */
  onOutput(): void;
  /** It takes more input again, after `read` said that it would not. */
  onRoom(): void;
  /** It has ended, for this reason; null: it was told to, or told itself. `takeOutput` has the last of it during the call. */
  onEnded(reason: string | null): void;
}

export class ClassicSandbox {
  constructor(
    readonly id: number,
    private readonly native: NativeEvaluator,
    private observer: ClassicObserver,
  ) {}

  start(setup: number, { heapMiB, bufferMiB, gpuMiB, gpuBuffers, gpuPipelines }: SandboxLimits): void {
    this.native.createClassic(
      this.id,
      setup,
      heapMiB * MIB,
      bufferMiB * MIB,
      gpuMiB * MIB,
      gpuBuffers,
      gpuPipelines,
    );
  }

  /** From now on somebody else hears of it. What it has written so far is for them. */
  observe(observer: ClassicObserver): void {
    this.observer = observer;
  }

  /** Hands over bytes, cut anywhere, which must not change any more. True: no more, please, until `onRoom`. */
  read(chunk: Uint8Array): boolean {
    return this.native.read(this.id, chunk);
  }

  endInput(): void {
    this.native.endInput(this.id);
  }

  takeOutput(): Uint8Array[] {
    return this.native.takeOutput(this.id);
  }

  /** So many bytes of what was taken have been sent. */
  releaseOutput(bytes: number): void {
    this.native.releaseOutput(this.id, bytes);
  }

  /** It ends at once, whatever it is doing. */
  dispose(): void {
    this.native.dispose(this.id);
  }

  handle(event: NativeEvent): void {
    switch (event.kind) {
      case 'ready':
        this.observer.onReady();
        break;
      case 'output':
        this.observer.onOutput();
        break;
      case 'room':
        this.observer.onRoom();
        break;
      case 'lost':
      case 'ended':
        this.observer.onEnded(event.code === '' ? null : `${event.code}: ${event.text}`);
        break;
      default:
        break;
    }
  }
}
