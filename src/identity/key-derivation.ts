import { scryptAsync } from '@noble/hashes/scrypt.js';
import { pbkdf2, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeystoreFields } from './keystore-fields.js';

/**
 * The most work that opening a keystore may be: n·r·p of scrypt, which is twice that of geth's own keystores, some
 * seconds (several times as long where JavaScript computes it, see below), and at 128 bytes each 512 MiB; rounds of PBKDF2, some
 * seconds as well. A file that asks for more was not made to be opened.
 */
const MOST_SCRYPT_WORK = 2 ** 22;
/** Of r and of p, which are 8 and 1 to 6 in keystores. What is done p times, and once for each r, is more than n·r·p counts. */
const MOST_SCRYPT_FACTOR = 64;
const MOST_PBKDF2_ROUNDS = 2 ** 22;

const MOST_SALT_BYTES = 1024;
const LEAST_DERIVED_BYTES = 32;
const MOST_DERIVED_BYTES = 64;

/** Turns a passphrase into `dklen` bytes. */
export type Derive = (passphrase: string) => Promise<Uint8Array>;

export interface ScryptParameters {
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly dklen: number;
  readonly salt: Uint8Array;
}

/** Reads the fields `kdf` and `kdfparams`. Throws `KeystoreError` for what is unknown, wrong or too much work. */
export function keyDerivationOf(crypto: KeystoreFields): Derive {
  const kdf = crypto.oneOf('kdf', ['scrypt', 'pbkdf2']);
  const parameters = crypto.object('kdfparams');
  const dklen = parameters.integer('dklen', LEAST_DERIVED_BYTES, MOST_DERIVED_BYTES);
  const salt = parameters.bytes('salt', 1, MOST_SALT_BYTES);
  return kdf === 'scrypt' ? scryptOf(parameters, dklen, salt) : pbkdf2Of(parameters, dklen, salt);
}

function scryptOf(parameters: KeystoreFields, dklen: number, salt: Uint8Array): Derive {
  const n = parameters.integer('n', 2, MOST_SCRYPT_WORK);
  const r = parameters.integer('r', 1, MOST_SCRYPT_FACTOR);
  const p = parameters.integer('p', 1, MOST_SCRYPT_FACTOR);
  if (!Number.isInteger(Math.log2(n))) throw parameters.error('n', `expected a power of two, got ${n}`);
  if (n * r * p > MOST_SCRYPT_WORK)
    throw parameters.error(null, `n·r·p is ${n * r * p}, and no more than ${MOST_SCRYPT_WORK} is computed`);
  return (passphrase) => deriveByScrypt(passphrase, { n, r, p, dklen, salt });
}

function pbkdf2Of(parameters: KeystoreFields, dklen: number, salt: Uint8Array): Derive {
  const rounds = parameters.integer('c', 1, MOST_PBKDF2_ROUNDS);
  parameters.oneOf('prf', ['hmac-sha256']);
  return (passphrase) => promisify(pbkdf2)(passphrase, salt, rounds, dklen, 'sha256');
}

export async function deriveByScrypt(passphrase: string, parameters: ScryptParameters): Promise<Uint8Array> {
  const { n, r, p, dklen, salt } = parameters;
  // RFC 7914 wants n below 2^(16·r), and OpenSSL insists. There are keystores with n 2^18 and r 1.
  if (n >= 2 ** (16 * r)) return scryptAsync(passphrase, salt, { N: n, r, p, dkLen: dklen });
  const maxmem = 128 * r * (n + p + 2) + 1024;
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, dklen, { N: n, r, p, maxmem }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
