import { randomBytes } from 'node:crypto';
import { open, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SchedulerError } from '../../model/index.js';
import { makeDirectory } from '../../system/index.js';
import { BlobError, type Part } from './blob.js';

/** A commit failed, and what it wrote is there all the same, or nobody can say: it may name a pack file. */
export class UnsureWriteError extends SchedulerError {
  // To callers it is what failed, like any other.
  override readonly name = 'SchedulerError';
}

/**
 * Pack files hold the large parts of payloads: `packs/<job number>/<random name>`, written once, never changed.
 * A file is synced, and its folder with it, before a transaction names it; a crash in between leaves a file that nobody
 * names, and it goes when its Job is removed.
 */
export class Packs {
  /** Folders known to be there and synced. */
  private readonly ready = new Set<number>();

  /** `check` throws when the folder is no longer the store's: another's, with Jobs of the same numbers, is left as it is. */
  constructor(
    private readonly root: string,
    private readonly check: () => void,
  ) {}

  private folder(job: number): string {
    return join(this.root, String(job));
  }

  /** Writes the pieces one after another and resolves with the file's name (16 bytes) when they are durable. */
  private async write(job: number, pieces: readonly Uint8Array[]): Promise<Uint8Array> {
    const folder = this.folder(job);
    if (!this.ready.has(job)) {
      makeDirectory(folder);
      await syncFolder(this.root);
    }
    const name = randomBytes(16);
    const path = join(folder, name.toString('hex'));
    const file = await open(path, 'wx');
    try {
      for (let i = 0; i < pieces.length; i += 512) await writeFully(file, pieces.slice(i, i + 512));
      await file.sync();
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
    await syncFolder(folder);
    this.ready.add(job);
    return name;
  }

  /**
   * Writes a pack file, if there is anything for it, and takes it away again when `use` answers false, or throws what
   * leaves no doubt that no record names the file.
   * @throws SchedulerError the file cannot be written
   */
  async use(
    job: number,
    pieces: readonly Uint8Array[],
    use: (pack: Uint8Array | null) => Promise<boolean | void>,
  ): Promise<void> {
    if (pieces.length === 0) {
      await use(null);
      return;
    }
    let pack: Uint8Array;
    this.check();
    try {
      pack = await this.write(job, pieces);
    } catch (cause) {
      this.check();
      throw new SchedulerError(
        `${this.root}: large data cannot be written: ${(cause as Error).message}; what was acknowledged before is kept`,
        { cause },
      );
    }
    let keep = false;
    try {
      keep = (await use(pack)) !== false;
    } catch (error) {
      keep = error instanceof UnsureWriteError;
      throw error;
    } finally {
      if (!keep) await this.discard(job, pack);
    }
  }

  /**
   * `use` for several writes, of which each answers how many of its entries are kept: the file stays when any are, or may be.
   * Resolves with their sum when all writes have succeeded, else rejects with what the first failed with.
   */
  async useForAll(
    job: number,
    pieces: readonly Uint8Array[],
    write: (pack: Uint8Array | null) => readonly Promise<number>[],
  ): Promise<number> {
    let kept = 0;
    const failures: unknown[] = [];
    await this.use(job, pieces, async (pack) => {
      for (const outcome of await Promise.allSettled(write(pack))) {
        if (outcome.status === 'fulfilled') kept += outcome.value;
        else failures.push(outcome.reason);
      }
      return kept > 0 || failures.some((failure) => failure instanceof UnsureWriteError);
    });
    if (failures.length > 0) throw failures[0];
    return kept;
  }

  /** Parts of one file, each in an ArrayBuffer of its own. Throws `BlobError` when the file is gone or too short. */
  async read(job: number, name: string, parts: readonly Part[]): Promise<Uint8Array[]> {
    let file;
    try {
      file = await open(join(this.folder(job), name), 'r');
    } catch (error) {
      throw new BlobError(`pack file ${name}: ${(error as Error).message}`);
    }
    try {
      const out: Uint8Array[] = [];
      const { size } = await file.stat();
      for (const part of parts) {
        if (part.offset + part.length > size) {
          throw new BlobError(
            `pack file ${name} has ${size} bytes, expected at least ${part.offset + part.length}`,
          );
        }
        const buffer = Buffer.allocUnsafeSlow(part.length); // Slow: not from the shared pool, so the ArrayBuffer is its own
        let at = 0;
        while (at < part.length) {
          const { bytesRead } = await file.read(buffer, at, part.length - at, part.offset + at);
          if (bytesRead === 0) throw new BlobError(`pack file ${name} ends at ${part.offset + at}`);
          at += bytesRead;
        }
        out.push(new Uint8Array(buffer.buffer));
      }
      return out;
    } finally {
      await file.close();
    }
  }

  /** Removes one file that no record names. */
  private async discard(job: number, name: Uint8Array): Promise<void> {
    await unlink(join(this.folder(job), Buffer.from(name).toString('hex'))).catch(() => undefined);
  }

  /** Removes all files of a Job. */
  async removeJob(job: number): Promise<void> {
    this.ready.delete(job);
    this.check();
    await rm(this.folder(job), { recursive: true, force: true });
  }
}

async function writeFully(
  file: Awaited<ReturnType<typeof open>>,
  pieces: readonly Uint8Array[],
): Promise<void> {
  let left: Uint8Array[] = [...pieces];
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left); // may write less than asked, at most 2 GiB at once
    while (left.length > 0 && bytesWritten >= left[0]!.byteLength) bytesWritten -= left.shift()!.byteLength;
    if (bytesWritten > 0) left = [left[0]!.subarray(bytesWritten), ...left.slice(1)];
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
