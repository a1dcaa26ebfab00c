import { closeSync, fsyncSync, openSync, realpathSync, statfsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { open as openLmdb, type Database, type RootDatabase } from 'lmdb';
import { SchedulerError } from '../../model/index.js';
import { makeDirectory } from '../../system/index.js';
import { Doorbell } from './doorbell.js';
import { damageOf } from './meta-pages.js';
import { OpenedFile } from './opened-file.js';
import { Packs, UnsureWriteError } from './packs.js';
import type { StoreOptions } from './store-options.js';
import { WriterLock } from './writer-lock.js';

/** Version of everything this folder writes. A store of another version is refused. */
export const SCHEMA_VERSION = 2;

/** A transaction stops taking further operations after this long, so that others get the lock. */
const TRANSACTION_MS = 3;

/**
 * With less room than this on the disk nothing is added, bytes. LMDB's own answer to a full disk is an error each time, but what
 * a transaction that failed so had written to memory is not all given back: after many of them its heap is damaged, and the
 * process is aborted.
 */
const LEAST_ROOM = 8 << 20;

export type StoreKey = string | number | (string | number)[];

/** One table of the store: ordered keys, bytes as values. Writes are allowed inside `Store.write` only. */
export class Table {
  constructor(
    private readonly store: Store,
    private readonly db: Database<Buffer, StoreKey>,
  ) {}

  /** A copy of the value. */
  get(key: StoreKey): Buffer | undefined {
    return this.db.get(key);
  }

  put(key: StoreKey, value: Uint8Array): void {
    this.store.noteWrite(this, key, value);
    this.db.putSync(key, value as Buffer);
  }

  remove(key: StoreKey): void {
    this.store.noteWrite(this, key, null);
    this.db.removeSync(key);
  }

  /** Up to `limit` entries with `start <= key < end`. The table may be changed afterwards, not while this runs. */
  range(start: StoreKey, end: StoreKey, limit: number): { key: StoreKey; value: Buffer }[] {
    const out: { key: StoreKey; value: Buffer }[] = [];
    for (const { key, value } of this.db.getRange({ start, end, limit })) out.push({ key, value });
    return out;
  }

  keys(start: StoreKey, end: StoreKey, limit: number): StoreKey[] {
    const out: StoreKey[] = [];
    for (const key of this.db.getKeys({ start, end, limit })) out.push(key);
    return out;
  }

  /** The entry with the largest key `<= start` and `> end`. */
  last(start: StoreKey, end: StoreKey): { key: StoreKey; value: Buffer } | undefined {
    let found: { key: StoreKey; value: Buffer } | undefined;
    for (const { key, value } of this.db.getRange({ start, end, reverse: true, limit: 1 }))
      found = { key, value };
    return found;
  }
}

interface Operation {
  readonly run: () => unknown;
  /** It is for there to be more room. */
  readonly frees: boolean;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  outcome: { ok: true; value: unknown } | { ok: false; error: Error } | null;
}

/** Ends a transaction because one operation failed after it had written. */
class Spoiled extends Error {
  constructor(
    readonly operation: Operation,
    readonly reason: Error,
  ) {
    super('spoiled');
  }
}

/**
 * One LMDB environment: its tables, its one writer, and what belongs beside it in the directory.
 *
 * **Durability.** LMDB is opened without `overlappingSync` and every write is a synchronous transaction: LMDB writes
 * the pages, calls `fdatasync`, and only then writes the meta page through a descriptor opened with `O_DSYNC`. So what any
 * process can see is on the disk, and `write` resolves after that. (With lmdb-js's defaults a commit is visible before it
 * is synced, and its `flushed` promise does not cover synchronous transactions.)
 *
 * **Batching.** Calls made in one turn of the event loop, and while the last transaction ran, share one transaction.
 *
 * **The lock is never held across JavaScript of anybody else**: an operation is a plain function that reads and writes
 * tables. lmdb-js's asynchronous transactions would hold it until the event loop comes round.
 */
export class Store {
  private static readonly opened = new Map<string, Store>();

  readonly meta: Table;
  readonly ids: Table;
  readonly specs: Table;
  readonly rows: Table;
  readonly ready: Table;
  readonly pending: Table;
  readonly data: Table;
  readonly results: Table;
  readonly found: Table;
  readonly attempts: Table;
  readonly expired: Table;
  readonly leases: Table;
  readonly expiry: Table;
  readonly log: Table;
  readonly packs: Packs;
  readonly doorbell: Doorbell;
  /** To be asked before what is in the directory is believed, or added to. */
  readonly file: OpenedFile;

  private users = 1;
  private writes = 0;
  /** The last write of the newest transaction; null is what was removed. */
  private lastWrite: {
    readonly table: Table;
    readonly key: StoreKey;
    readonly value: Uint8Array | null;
  } | null = null;
  private inWrite = false;
  private aborted = 0;
  private queue: Operation[] = [];
  private draining: Promise<void> | null = null;

  /** The store in `directory`, made when there is none; the same object for the same directory. */
  static async open(directory: string, options: StoreOptions): Promise<Store> {
    if (!isMainThread) {
      throw new SchedulerError(
        `${directory}: an embedded Scheduler can be opened on a process's main thread only, and this is a worker thread; ` +
          'open it there and pass requests by message',
      );
    }
    try {
      makeDirectory(resolve(directory, 'packs'));
    } catch (cause) {
      throw new SchedulerError(
        `${directory}: cannot make the store's directory: ${(cause as Error).message}`,
        { cause },
      );
    }
    const path = realpathSync(directory);
    const known = Store.usedAt(path);
    if (known) return known;
    const patienceMs = options.lockPatienceMs ?? 5000;
    // Opening takes the writer lock, too.
    let lock: WriterLock | null;
    try {
      const damage = damageOf(path);
      if (damage !== null)
        throw new Error(`${damage}; put it back from a copy, or begin with another directory`);
      lock = WriterLock.open(path);
    } catch (cause) {
      throw notOpened(path, cause);
    }
    try {
      if (lock) await lock.whenFree(patienceMs);
    } catch (error) {
      lock?.close();
      throw error;
    }
    // Somebody else in this process, while we waited. The descriptor is leaked on purpose: closing it would drop the
    // other one's locks (see WriterLock.open).
    const raced = Store.usedAt(path);
    if (raced) return raced;
    let root: RootDatabase<Buffer, StoreKey>;
    try {
      root = openLmdb<Buffer, StoreKey>({
        path,
        noSubdir: false, // a directory's name may have a dot
        encoding: 'binary',
        overlappingSync: false,
        maxDbs: 16,
        maxReaders: 512,
        mapSize: options.mapSize ?? 64 * 1024 * 1024,
      });
    } catch (cause) {
      lock?.close();
      throw notOpened(path, cause);
    }
    lock ??= WriterLock.open(path);
    try {
      const store = new Store(path, root, lock!, patienceMs);
      Store.opened.set(path, store);
      return store;
    } catch (error) {
      await root.close();
      lock?.close();
      throw error instanceof SchedulerError ? error : notOpened(path, error);
    }
  }

  /** The store that is open there, with one user more. One whose directory was taken away from under it is none. */
  private static usedAt(path: string): Store | null {
    const known = Store.opened.get(path);
    if (!known?.file.isIn(path)) return null;
    known.users++;
    return known;
  }

  private constructor(
    readonly directory: string,
    private readonly root: RootDatabase<Buffer, StoreKey>,
    private readonly lock: WriterLock,
    private readonly patienceMs: number,
  ) {
    const table = (name: string): Table =>
      new Table(this, root.openDB<Buffer, StoreKey>({ name, encoding: 'binary' }));
    this.meta = table('meta');
    const version = this.meta.get('schema');
    if (version === undefined) {
      root.transactionSync(() => this.meta.put('schema', Buffer.from(String(SCHEMA_VERSION))));
      // The names of new files and folders must last, too.
      for (const folder of [join(directory, 'packs'), directory, dirname(directory)]) syncFolder(folder);
    } else if (version.toString() !== String(SCHEMA_VERSION)) {
      throw new SchedulerError(
        `${directory}: the store has schema version ${JSON.stringify(version.toString())}, this program reads version ${SCHEMA_VERSION}; ` +
          'use the program that wrote it, or another directory',
      );
    }
    this.ids = table('ids');
    this.specs = table('specs');
    this.rows = table('rows');
    this.ready = table('ready');
    this.pending = table('pending');
    this.data = table('data');
    this.results = table('results');
    this.found = table('found');
    this.attempts = table('attempts');
    this.expired = table('expired');
    this.leases = table('leases');
    this.expiry = table('expiry');
    this.log = table('log');
    root.transactionSync(() => lock.calibrate());
    this.file = new OpenedFile(directory);
    this.packs = new Packs(join(directory, 'packs'), () => this.file.check(directory));
    this.doorbell = new Doorbell(directory);
  }

  /** @internal for `Table` */
  noteWrite(table: Table, key: StoreKey, value: Uint8Array | null): void {
    this.writes++;
    this.lastWrite = { table, key, value };
  }

  /** Transactions of this process that came to nothing: what was read in one must not be remembered. */
  get aborts(): number {
    return this.aborted;
  }

  /** Runs `look` on the newest committed state. Never waits for a lock. */
  read<T>(look: () => T): T {
    if (!this.inWrite) this.root.resetReadTxn();
    return this.guard(look);
  }

  private guard<T>(look: () => T): T {
    try {
      return look();
    } catch (error) {
      throw asSchedulerError(this.directory, error);
    }
  }

  /**
   * Runs `run` in a write transaction, together with what others asked for, and resolves with its value when the
   * transaction is on the disk. `run` is synchronous, takes well under 10 ms, and may be run again when another
   * operation spoiled the transaction: it must not change anything but tables. If it throws, nothing of it is kept.
   * Rejects with `SchedulerError` when the disk is as good as full, unless it `frees` room.
   */
  write<T>(run: () => T, { frees = false }: { readonly frees?: boolean } = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ run, frees, resolve: resolve, reject, outcome: null });
      this.draining ??= this.drain();
    });
  }

  private async drain(): Promise<void> {
    try {
      while (this.queue.length > 0) {
        await new Promise(setImmediate); // calls of this turn go along
        try {
          await this.lock.whenFree(this.patienceMs);
          this.file.check(this.directory);
        } catch (error) {
          for (const operation of this.queue.splice(0)) operation.reject(error as Error);
          continue;
        }
        this.refuseWithoutRoom();
        if (this.queue.length > 0) this.transact();
      }
    } finally {
      this.draining = null;
    }
  }

  private refuseWithoutRoom(): void {
    const room = roomOf(this.directory);
    if (room >= LEAST_ROOM) return;
    const error = new SchedulerError(
      `${this.directory}: no room: ${room} bytes are left on the disk, and nothing is added with less than ${LEAST_ROOM}; ` +
        'what was acknowledged before is kept',
    );
    const refused = this.queue.filter(({ frees }) => !frees);
    this.queue = this.queue.filter(({ frees }) => frees);
    for (const operation of refused) operation.reject(error);
  }

  private transact(): void {
    const batch: Operation[] = [];
    this.writes = 0;
    this.lastWrite = null;
    try {
      this.inWrite = true;
      this.root.transactionSync(() => {
        const end = performance.now() + TRANSACTION_MS;
        do {
          const operation = this.queue.shift()!;
          batch.push(operation);
          const before = this.writes;
          try {
            operation.outcome = { ok: true, value: operation.run() };
          } catch (error) {
            const reason = asSchedulerError(this.directory, error);
            if (this.writes !== before) throw new Spoiled(operation, reason);
            operation.outcome = { ok: false, error: reason };
          }
        } while (this.queue.length > 0 && performance.now() < end);
      });
    } catch (error) {
      this.aborted++;
      if (error instanceof Spoiled) {
        // Nothing of this transaction remains: without the one that failed, the others are run again, in their order.
        this.queue.unshift(...batch.filter((operation) => operation !== error.operation));
        error.operation.reject(error.reason);
      } else {
        const reason = asSchedulerError(this.directory, error);
        // Known to be undone, but for a commit that failed at its very end.
        this.inWrite = false;
        const isUnsure = batch.length > 0 && this.seesLastWrite();
        const told = isUnsure ? new UnsureWriteError(reason.message, { cause: error }) : reason;
        for (const operation of batch) operation.reject(told);
      }
      return;
    } finally {
      this.inWrite = false;
    }
    if (this.writes > 0) this.doorbell.ring();
    for (const { outcome, resolve, reject } of batch) {
      if (outcome!.ok) resolve(outcome!.value as never);
      else reject(outcome!.error);
    }
  }

  /** Whether readers see what the newest transaction wrote last. True when they see nothing at all any more. */
  private seesLastWrite(): boolean {
    if (this.lastWrite === null) return false;
    const { table, key, value } = this.lastWrite;
    try {
      const seen = this.read(() => table.get(key));
      return value === null ? seen === undefined : seen?.equals(value) === true;
    } catch {
      return true;
    }
  }

  /** Waits for writes under way; the last user closes the environment. */
  async close(): Promise<void> {
    while (this.draining) await this.draining;
    if (--this.users > 0) return;
    if (Store.opened.get(this.directory) === this) Store.opened.delete(this.directory);
    this.doorbell.close();
    await this.root.close();
    this.lock.close();
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** On a full disk LMDB writes less than it wanted, and calls that EIO. */
function notOpened(directory: string, cause: unknown): SchedulerError {
  const { message } = cause as Error;
  const room = roomOf(directory);
  const isFull = room < LEAST_ROOM && message.includes('Input/output error');
  const why = isFull ? `no room: ${room} bytes are left on the disk, and it needs ${LEAST_ROOM}` : message;
  return new SchedulerError(`${directory}: the store cannot be opened: ${why}`, { cause });
}

/** Bytes that fit on the disk of a directory; Infinity where nobody can say. */
function roomOf(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

/** Errors of ours pass; what LMDB throws becomes a `SchedulerError` that names the store. */
function asSchedulerError(directory: string, error: unknown): Error {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error;
  const message = error instanceof Error ? error.message : String(error);
  return new SchedulerError(
    `${directory}: the store failed: ${message}; what was acknowledged before is kept`,
    { cause: error },
  );
}
