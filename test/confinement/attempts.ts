/** test/confinement/native as TypeScript sees it, and what a test tells `broken.cts` to do with it. */

/** The test's process, an address in it, a TCP port, a socket of the evaluator, and three paths: see attempts.h. */
export type Targets = readonly [
  host: number,
  address: number,
  port: number,
  socket: number,
  schedulerData: string,
  workerKey: string,
  folder: string,
];

/** A kind of thread, or a thread by its number. */
export type Where = 'main' | 'libuv' | 'v8' | number;

export interface Attempted {
  /** The thread that it ran on. */
  readonly thread: number;
  /** For each attempt: its errno, 0 when it succeeded. */
  readonly errors: readonly number[];
}

export interface Attempts {
  configure(...targets: Targets): void;
  registerThread(): void;
  /** The kernel refuses this process any filter from now on. */
  refuseFilters(): void;
  threads(): number[];
  names(): string[];
  deadlyNames(): string[];
  /** Null: that thread does not run them. */
  attempt(where: Where): Attempted | null;
  attemptDeadly(index: number): number;
}

export type Command =
  | { readonly do: 'configure'; readonly targets: Targets }
  | { readonly do: 'threads' | 'names' | 'endThreads' }
  | { readonly do: 'attempt'; readonly where: Where }
  | { readonly do: 'attemptDeadly'; readonly index: number }
  | { readonly do: 'script'; readonly script: string };
