import { createHash, randomBytes } from 'node:crypto';
import { access, constants, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { JobId } from '../../model/index.js';
import type { SubmitReceipt } from '../../scheduler/index.js';
import { isGone, makeDirectory, MARK_PATTERN, ownMark } from '../../system/index.js';
import {
  encodeRecord,
  readRecord,
  recordByteLength,
  SpoolFileError,
  type SpoolRecord,
  type Unsubmitted,
} from './record.js';

/** What happens to results, one at least, that the Scheduler did not take in time. */
export type SpoolNews =
  /** They are on disk now. */
  | { readonly type: 'kept'; readonly jobId: JobId; readonly slices: number; readonly bytes: number }
  /** They were on disk, and the Scheduler has them now. */
  | {
      readonly type: 'submitted';
      readonly jobId: JobId;
      readonly slices: number;
      readonly receipt: SubmitReceipt;
    }
  /** They are lost: their Slices are run again, or their Job is gone. */
  | { readonly type: 'dropped'; readonly jobId: JobId; readonly slices: number; readonly reason: string }
  /** A file is damaged; it has this name now. */
  | { readonly type: 'setAside'; readonly file: string; readonly reason: string }
  /** Files for other Schedulers are there; they wait for a Worker of theirs. */
  | { readonly type: 'othersLeft'; readonly files: number }
  /** The directory cannot be made, read or written to. */
  | { readonly type: 'unusable'; readonly directory: string; readonly reason: string };

/** A file that this Worker has to itself. */
export interface TakenFile {
  readonly base: string;
  readonly path: string;
}

/**
 * - `results`: complete; whoever renames it has it.
 * - `taken.MARK`: some process submits it.
 * - `part.MARK`: some process writes it.
 * - `bad`: nobody reads it any more.
 */
const NAME = new RegExp(
  `^(?<base>(?<scheduler>[0-9a-f]{16})[.][0-9a-z-]+)[.](?:(?<free>results|bad)|(?<held>taken|part)[.](?<mark>${MARK_PATTERN}))$`,
);

interface SpoolFile {
  readonly name: string;
  readonly base: string;
  readonly scheduler: string;
  readonly state: string;
  /** The process whose it is; undefined: nobody's. */
  readonly mark: string | undefined;
}

/**
 * A directory of results that wait for their Scheduler while no Worker runs. A file appears complete and with its bytes on the
 * disk, or not at all. Several Workers may share the directory: a file belongs to who renamed it, and to nobody when
 * that process has ended.
 */
export class Spool {
  /** Stands for the Scheduler in names. */
  readonly #prefix: string;
  #written = 0;

  constructor(
    private readonly directory: string,
    private readonly scheduler: string,
    private readonly maxBytes: number,
    private readonly onNews: (news: SpoolNews) => void,
  ) {
    this.#prefix = createHash('sha256').update(scheduler).digest('hex').slice(0, 16);
  }

  /** Writes what has room, the newest first of all, and says what became of it. Does not reject. `records`: oldest first. */
  async keep(records: readonly Unsubmitted[]): Promise<void> {
    if (records.length === 0) return;
    let used: number;
    try {
      this.#make();
      used = await this.#usedBytes();
    } catch (error) {
      for (const record of records) this.#drop(record, reasonOf(error));
      return;
    }
    // The newest have room first, but are written last: what is submitted in the order of names is in the order in which it came.
    const kept: Unsubmitted[] = [];
    for (const record of [...records].reverse()) {
      const bytes = recordByteLength(record);
      if (used + bytes > this.maxBytes) {
        this.#drop(record, `${this.directory} has no room for it within its limit of ${this.maxBytes} bytes`);
        continue;
      }
      used += bytes;
      kept.unshift(record);
    }
    for (const record of kept) await this.#keepOne(record);
    await syncDirectory(this.directory).catch(() => undefined);
  }

  /**
   * The files for this Scheduler that nobody has, oldest first. Half-written ones of processes that are gone are set aside.
   * Makes the directory, and says where it cannot: told first when results are lost, it would be told too late. Does not reject.
   */
  async left(): Promise<readonly string[]> {
    let files: SpoolFile[];
    try {
      this.#make();
      files = await this.#files();
      await access(this.directory, constants.W_OK | constants.X_OK);
    } catch (error) {
      this.onNews({ type: 'unusable', directory: this.directory, reason: reasonOf(error) });
      return [];
    }
    const names: string[] = [];
    let others = 0;
    for (const { name, base, scheduler, state, mark } of files) {
      if (state === 'bad' || (mark !== undefined && !isGone(mark))) continue;
      if (scheduler !== this.#prefix) others++;
      else if (state === 'part')
        await this.#setAside({ base, path: this.#at(name) }, 'it was not written to its end');
      else names.push(name);
    }
    if (others > 0) this.onNews({ type: 'othersLeft', files: others });
    return names.sort();
  }

  /** Takes a file that `left` or `release` named; null when somebody else was quicker. */
  async take(name: string): Promise<TakenFile | null> {
    const base = NAME.exec(name)!.groups!.base!;
    const taken = this.#at(`${base}.taken.${ownMark}`);
    try {
      await rename(this.#at(name), taken);
    } catch {
      return null;
    }
    return { base, path: taken };
  }

  /** What is in it; null, and set aside, when it is damaged or for another Scheduler. */
  async read(file: TakenFile): Promise<SpoolRecord | null> {
    try {
      const record = await readRecord(file.path);
      if (record.scheduler !== this.scheduler)
        throw new SpoolFileError(`it is for the Scheduler ${JSON.stringify(record.scheduler)}`);
      return record;
    } catch (error) {
      await this.setAside(file, error);
      return null;
    }
  }

  /** The Scheduler has acknowledged it, or never will. */
  async remove(file: TakenFile): Promise<void> {
    await unlink(file.path).catch(() => undefined);
  }

  /** Somebody else may have it, or whoever takes what it is called from now on. */
  async release(file: TakenFile): Promise<string> {
    const name = `${file.base}.results`;
    await rename(file.path, this.#at(name)).catch(() => undefined);
    return name;
  }

  async setAside(file: TakenFile, error: unknown): Promise<void> {
    await this.#setAside(file, reasonOf(error));
  }

  async #setAside({ base, path: from }: TakenFile, reason: string): Promise<void> {
    const file = this.#at(`${base}.bad`);
    await rename(from, file).catch(() => undefined);
    this.onNews({ type: 'setAside', file, reason });
  }

  async #keepOne(record: Unsubmitted): Promise<void> {
    const time = Date.now().toString(36).padStart(9, '0');
    const order = (this.#written++).toString(36).padStart(4, '0');
    const base = `${this.#prefix}.${time}-${order}-${randomBytes(4).toString('hex')}`;
    const part = this.#at(`${base}.part.${ownMark}`);
    try {
      const bytes = await writeDurably(part, encodeRecord({ scheduler: this.scheduler, ...record }));
      await rename(part, this.#at(`${base}.results`));
      const slices = slicesOf(record);
      if (slices > 0) this.onNews({ type: 'kept', jobId: record.jobId, slices, bytes });
    } catch (error) {
      await unlink(part).catch(() => undefined);
      this.#drop(record, reasonOf(error));
    }
  }

  #drop(record: Unsubmitted, reason: string): void {
    const slices = slicesOf(record);
    if (slices > 0) this.onNews({ type: 'dropped', jobId: record.jobId, slices, reason });
  }

  #make(): void {
    makeDirectory(this.directory, 0o700);
  }

  async #usedBytes(): Promise<number> {
    let bytes = 0;
    for (const { name } of await this.#files())
      bytes += await stat(this.#at(name)).then(
        ({ size }) => size,
        () => 0,
      );
    return bytes;
  }

  async #files(): Promise<SpoolFile[]> {
    const names = await readdir(this.directory);
    return names.flatMap((name) => {
      const groups = NAME.exec(name)?.groups;
      if (groups === undefined) return [];
      const { base, scheduler, free, held, mark } = groups;
      return [{ name, base: base!, scheduler: scheduler!, state: free ?? held!, mark }];
    });
  }

  #at(name: string): string {
    return path.join(this.directory, name);
  }
}

export function slicesOf({ results }: Unsubmitted): number {
  return results?.numbers.length ?? 0;
}

/** Answers how many bytes it were. */
async function writeDurably(file: string, parts: readonly Uint8Array[]): Promise<number> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(parts as Iterable<Uint8Array> as never);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return parts.reduce((sum, part) => sum + part.byteLength, 0);
}

/** So that renames in it outlive a loss of power. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
