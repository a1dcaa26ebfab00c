import { bytesText } from '../../model/index.js';
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoted } from '../program.js';
import { note, ok, problem, type Finding } from './finding.js';

/** With less space than this, a Scheduler refuses results before long, bytes. */
const LEAST_SPACE = 256 * 2 ** 20;
const LITTLE_SPACE = 2 * 2 ** 30;
/** Each evaluator process takes some ten descriptors, each connection one. */
const LEAST_DESCRIPTORS = 256;
const FEW_DESCRIPTORS = 1024;

/** What no Worker can do without. `folders` are those that it writes to. */
export function checkMachine(folders: readonly string[]): Finding[] {
  return [...checkFolders(folders), checkDescriptors(), checkClock()];
}

function checkFolders(folders: readonly string[]): Finding[] {
  return [...new Set(folders)].flatMap((folder) => {
    const there = nearestExisting(folder);
    try {
      accessSync(there, constants.W_OK | constants.X_OK);
    } catch {
      return [
        problem('DIRECTORY_NOT_WRITABLE', `${there}: cannot be written`, `chown -R "$USER" ${quoted(there)}`),
      ];
    }
    return [checkSpace(there, folder)];
  });
}

function checkSpace(there: string, folder: string): Finding {
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  const text = `${folder}: ${bytesText(free)} free`;
  if (free < LEAST_SPACE) return problem('DISK_FULL', text, `df -h ${quoted(there)}`);
  return free < LITTLE_SPACE
    ? note('DISK_FULL', text)
    : ok(`${folder} can be written, ${bytesText(free)} free`);
}

function nearestExisting(folder: string): string {
  let there = path.resolve(folder);
  while (!existsSync(there)) there = path.dirname(there);
  return there;
}

function checkDescriptors(): Finding {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  const text = `${limit} file descriptors a process`;
  if (limit < LEAST_DESCRIPTORS) return problem('FEW_FILE_DESCRIPTORS', text, 'ulimit -n 4096');
  return limit < FEW_DESCRIPTORS ? note('FEW_FILE_DESCRIPTORS', text, 'ulimit -n 4096') : ok(text);
}

/** Leases and log entries go by the clock. It cannot be earlier than this program. */
function checkClock(): Finding {
  const now = Date.now();
  const { mtimeMs } = statSync(fileURLToPath(import.meta.url));
  const text = `the clock says ${new Date(now).toISOString().slice(0, 19)}Z`;
  return now < mtimeMs - 60_000
    ? problem(
        'CLOCK_WRONG',
        `${text}, which was before this program was installed`,
        'timedatectl set-ntp true',
      )
    : ok(text);
}
