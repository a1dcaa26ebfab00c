import { getSystemErrorName } from 'node:util';
import { EvaluatorError } from '../../model/index.js';
import type { Native } from '../native.js';
import type { RemotePart } from './frame.js';

/** From here on a part does not go through the socket: a copy costs a third of that, but one more message each way. */
export const REMOTE_BYTES = 256 * 1024;

/**
 * The memory of an evaluator process, from which its host fetches long parts and to which it writes them: one copy, where a
 * socket makes two in small pieces. What has been fetched the evaluator cannot change any more. Addresses come
 * from the evaluator; the kernel checks them, and a wrong one harms nobody else.
 */
export class ProcessMemory {
  constructor(
    private readonly native: Native,
    private readonly pid: number,
  ) {}

  /** Whether the kernel lets us: `bytes` are what the evaluator says lies at the part's address. */
  isReadable(part: RemotePart, bytes: Uint8Array): boolean {
    const read = new Uint8Array(bytes.byteLength);
    if (part.byteLength !== read.byteLength) return false;
    return this.native.readMemory(this.pid, part.address, read) === 0 && Buffer.compare(read, bytes) === 0;
  }

  /** @throws {EvaluatorError} */
  read(part: RemotePart, into: Uint8Array): void {
    const errno = this.native.readMemory(this.pid, part.address, into);
    if (errno !== 0) throw failure('read from', errno, part);
  }

  /** @throws {EvaluatorError} */
  write(part: RemotePart, from: Uint8Array): void {
    const errno = this.native.writeMemory(this.pid, part.address, from);
    if (errno !== 0) throw failure('written to', errno, part);
  }
}

function failure(what: string, errno: number, { address, byteLength }: RemotePart): EvaluatorError {
  const where = `${byteLength} bytes at 0x${address.toString(16)}`;
  return new EvaluatorError(
    `the evaluator's memory cannot be ${what} (${where}): ${getSystemErrorName(-errno)}`,
  );
}
