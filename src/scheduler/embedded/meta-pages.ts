/**
 * A look at a store before LMDB maps it: LMDB believes what it reads, and a file that was cut off or overwritten (half a restore, a disk that
 * lost pages) ends the process by a signal. Only what is damaged for certain is refused.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

// struct MDB_page and MDB_meta of lmdb-js (node_modules/lmdb/dependencies/lmdb/libraries/liblmdb/mdb.c).
const MAGIC = 0xbeefc0de;
const VERSION = 2;
const AT = { magic: 24, version: 28, pageSize: 48, freeRoot: 88, mainRoot: 136, transaction: 152, end: 160 };
/** The root of a table without entries. */
const NO_PAGE = 2n ** 64n - 1n;
const LEAST_PAGE = 512;
const MOST_PAGE = 65_536;
/** Another process may be writing one of them just now. */
const LOOKS = 3;

const fileOf = (directory: string): string => join(directory, 'data.mdb');

/** Whether there is a Scheduler in a directory; it may be damaged. */
export function hasScheduler(directory: string): boolean {
  return existsSync(fileOf(directory));
}

/** Says what is wrong with the store in a directory; null: nothing that shows, or there is none. Throws errors of the file system. */
export function damageOf(directory: string): string | null {
  let fd: number;
  try {
    fd = openSync(fileOf(directory), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    let damage: string | null = null;
    for (let look = 0; look < LOOKS; look++) {
      damage = damageIn(fd, directory);
      if (damage === null) return null;
    }
    return damage;
  } finally {
    closeSync(fd);
  }
}

function damageIn(fd: number, directory: string): string | null {
  const { size } = fstatSync(fd);
  // It is just being made, or nothing but its name came back.
  if (size === 0) {
    const isNew = readdirSync(join(directory, 'packs')).length === 0;
    return isNew ? null : 'data.mdb is empty, and packs/ is not';
  }
  const first = metaAt(fd, 0);
  const pageSize = first?.readUInt32LE(AT.pageSize) ?? 0;
  const isPageSize = pageSize >= LEAST_PAGE && pageSize <= MOST_PAGE && Number.isInteger(Math.log2(pageSize));
  const second = isPageSize ? metaAt(fd, pageSize) : null;
  if (first === null || second === null)
    return `data.mdb is damaged: of its ${size} bytes the first are none of LMDB's`;
  const transactionOf = (meta: Buffer): bigint => meta.readBigUInt64LE(AT.transaction);
  const newest = transactionOf(first) > transactionOf(second) ? first : second;
  const pages = BigInt(Math.floor(size / pageSize));
  for (const at of [AT.freeRoot, AT.mainRoot]) {
    const root = newest.readBigUInt64LE(at);
    if (root !== NO_PAGE && root >= pages)
      return `data.mdb is damaged: it has ${size} bytes, and what it holds begins at ${root * BigInt(pageSize)}`;
  }
  return null;
}

/** Null: there is no meta page. */
function metaAt(fd: number, position: number): Buffer | null {
  const page = Buffer.alloc(AT.end);
  if (readSync(fd, page, 0, AT.end, position) < AT.end) return null;
  const isMeta = page.readUInt32LE(AT.magic) === MAGIC && page.readUInt32LE(AT.version) === VERSION;
  return isMeta ? page : null;
}
