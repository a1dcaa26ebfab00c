import { keccak_256 } from '@noble/hashes/sha3.js';
import { InvalidArgumentError, shown } from '../model/index.js';
import { withoutKeys } from './secret.js';

/** The longest part of a wrong value that a message repeats, characters. */
const SHOWN = 60;

/** An address, which names an account or an identity: 20 bytes as 0x and 40 digits, spelled as EIP-55 has it. */
export type Address = `0x${string}`;

/** The last 20 bytes of the hash of a public key, which is 64 bytes: an uncompressed point without its first byte. */
export function addressOfPublicKey(publicKey: Uint8Array): Address {
  return spelled(Buffer.from(keccak_256(publicKey).subarray(12)).toString('hex'));
}

/**
 * Reads an address, with or without 0x. Small or capital letters alone say nothing of a checksum; mixed ones are one
 * (EIP-55) and have to be right. Throws `InvalidArgumentError` for what is none; what may be a private key is not repeated.
 */
export function parseAddress(field: string, value: unknown): Address {
  const [, digits] = /^(?:0x)?([0-9a-f]{40})$/i.exec(typeof value === 'string' ? value : '') ?? [];
  if (digits === undefined)
    throw new InvalidArgumentError(
      field,
      `expected 0x and 40 hexadecimal digits, got ${shownWithoutKeys(value)}`,
    );
  const address = spelled(digits.toLowerCase());
  const isOneCase = digits === digits.toLowerCase() || digits === digits.toUpperCase();
  const wrong = [...digits].findIndex((digit, i) => digit !== address[i + 2]);
  if (isOneCase || wrong < 0) return address;
  throw new InvalidArgumentError(
    field,
    `the checksum of ${digits} does not fit, first at digit ${wrong + 1} (${digits[wrong]}): a digit is wrong, or the ` +
      'letters have lost their case',
  );
}

/** EIP-55: a letter is a capital where the hash of the small spelling has a digit of 8 or more. */
function spelled(digits: string): Address {
  const hash = Buffer.from(keccak_256(Buffer.from(digits, 'latin1'))).toString('hex');
  const letters = [...digits].map((digit, i) => (parseInt(hash[i]!, 16) >= 8 ? digit.toUpperCase() : digit));
  return `0x${letters.join('')}`;
}

/** A wrong value as a message may repeat it, and no private key. */
export function shownWithoutKeys(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = withoutKeys(shown(value, Infinity));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
