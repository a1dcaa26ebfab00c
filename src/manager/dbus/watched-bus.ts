import { setTimeout as sleep } from 'node:timers/promises';
import { BUS_NAME, BusConnection } from './connection.js';
import { errorNameOf, sentenceOf } from './errors.js';

/** How long to wait before a bus that cannot be had is tried again, milliseconds: doubled from try to try. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** A connection that lived so long and then ended, failed for the first time. */
const HEALTHY_MS = 10_000;
/** Between two readings, so that a flood of signals is no flood of questions. */
const QUIET_MS = 50;
/** When a service that could not be read is asked again, milliseconds, if no signal comes before. */
const RETRY_MS = 10_000;

/** What is read of the services on a bus. */
export interface Subject<State> {
  /** The well-known names of the services. A signal counts when it comes from an owner of one. */
  readonly names: readonly string[];
  /** Rules of signals after which it is read again; see "Match Rules" in the D-Bus specification. */
  readonly rules: readonly string[];
  /** @param owners the unique name by well-known name; names without an owner are missing */
  read(connection: BusConnection, owners: ReadonlyMap<string, string>): Promise<Reading<State>>;
}

export interface Reading<State> {
  readonly state: State;
  /** Milliseconds after which it is read again even without a signal; null: signals tell all. */
  readonly againMs: number | null;
}

export interface BusListener<State> {
  /** The state as of now; also where it is the same as before. */
  onState(state: State): void;
  /** There is no state any more until the next `onState`: one sentence for people. */
  onLost(why: string): void;
}

/**
 * Keeps up a connection to one bus and reads its subject at the start, at every signal of its services, and when one of them comes
 * or goes. Keeps no process running. Signals say that something changed, and what is true now is asked for: a signal may be forged, lost or come out of order.
 */
export class WatchedBus<State> {
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;

  constructor(
    readonly address: string,
    private readonly subject: Subject<State>,
    private readonly listener: BusListener<State>,
  ) {}

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** The listener is not called any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(stopping: AbortSignal): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (!stopping.aborted) {
      const startedAt = performance.now();
      const watch = new Watch(this.address, this.subject, this.listener, stopping);
      const why = await watch.untilItEnds();
      if (stopping.aborted) return;
      this.listener.onLost(why);
      if (performance.now() - startedAt >= HEALTHY_MS) wait = FIRST_WAIT_MS;
      await pauseFor(wait, stopping);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }
}

/** One connection's life. */
class Watch<State> {
  readonly #owners = new Map<string, string>();
  #wanted = true;
  /** Ends the pause between two readings. */
  #wake: () => void = () => undefined;
  #connection: BusConnection | null = null;
  #endedWhy: string | null = null;
  #tellEnded: () => void = () => undefined;

  constructor(
    private readonly address: string,
    private readonly subject: Subject<State>,
    private readonly listener: BusListener<State>,
    private readonly stopping: AbortSignal,
  ) {}

  /** Resolves with the reason; never rejects. */
  async untilItEnds(): Promise<string> {
    const ended = new Promise<void>((resolve) => (this.#tellEnded = resolve));
    const stop = () => this.#end('stopped');
    this.stopping.addEventListener('abort', stop);
    try {
      // A bus that hangs is not waited for when we are to stop.
      await Promise.race([this.#watch(), ended]);
    } catch (error) {
      this.#end(sentenceOf(error));
    } finally {
      this.stopping.removeEventListener('abort', stop);
      this.#connection?.close();
    }
    return this.#endedWhy!;
  }

  async #watch(): Promise<void> {
    const connection = await BusConnection.open(this.address, {
      onSignal: ({ sender }) => this.#onSignal(sender),
      onClosed: (why) => this.#end(why),
    });
    this.#connection = connection;
    if (this.#endedWhy !== null) return connection.close();
    await this.#subscribe(connection);
    while (this.#endedWhy === null) await this.#readAndPause(connection);
  }

  #end(why: string): void {
    this.#endedWhy ??= why;
    this.#wake();
    this.#tellEnded();
  }

  #onSignal(sender: string): void {
    // Of the bus itself only changes of owners are asked for.
    if (sender !== BUS_NAME && ![...this.#owners.values()].includes(sender)) return;
    this.#wanted = true;
    this.#wake();
  }

  async #subscribe(connection: BusConnection): Promise<void> {
    const ofNames = this.subject.names.map(
      (name) => `type='signal',sender='${BUS_NAME}',member='NameOwnerChanged',arg0='${name}'`,
    );
    for (const rule of [...ofNames, ...this.subject.rules]) await connection.askBus('AddMatch', rule, '');
  }

  async #readAndPause(connection: BusConnection): Promise<void> {
    this.#wanted = false;
    let pauseMs: number | null = RETRY_MS;
    try {
      await this.#findOwners(connection);
      const { state, againMs } = await this.subject.read(connection, this.#owners);
      if (this.#endedWhy !== null) return;
      this.listener.onState(state);
      pauseMs = againMs;
    } catch (error) {
      if (this.#endedWhy !== null) return;
      this.listener.onLost(sentenceOf(error));
    }
    await pauseFor(QUIET_MS, this.stopping);
    await this.#pause(pauseMs);
  }

  async #findOwners(connection: BusConnection): Promise<void> {
    for (const name of this.subject.names) {
      const owner = await ownerOf(connection, name);
      if (owner === null) this.#owners.delete(name);
      else this.#owners.set(name, owner);
    }
  }

  async #pause(longestMs: number | null): Promise<void> {
    if (this.#wanted || this.#endedWhy !== null) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (longestMs !== null) timer = setTimeout(resolve, longestMs).unref();
    });
    clearTimeout(timer);
  }
}

/** Keeps no process running, and ends at once when it is to stop. */
async function pauseFor(ms: number, stopping: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stopping, ref: false }).catch(() => undefined);
}

/** null: nobody owns that name. */
async function ownerOf(connection: BusConnection, name: string): Promise<string | null> {
  try {
    const [owner] = await connection.askBus('GetNameOwner', name, 's');
    return String(owner);
  } catch (error) {
    if (errorNameOf(error) === `${BUS_NAME}.Error.NameHasNoOwner`) return null;
    throw error;
  }
}
