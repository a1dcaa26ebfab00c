/** Keystores as DCP and Ethereum have them: Web3 Secret Storage, version 3. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { createCipheriv, createDecipheriv, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';
import { InvalidArgumentError } from '../model/index.js';
import { parseAddress, shownWithoutKeys, type Address } from './address.js';
import { deriveByScrypt, keyDerivationOf, type Derive } from './key-derivation.js';
import { KeystoreError } from './keystore-error.js';
import { KeystoreFields } from './keystore-fields.js';
import { KEY_BYTES, PrivateKey, bytesOf } from './private-key.js';

const CIPHER = 'aes-128-ctr';
const IV_BYTES = 16;

/**
 * What scrypt costs for new keystores: with a passphrase 128 MiB and a good part of a second for each guess; without one,
 * where there is nothing to guess, what DCP takes.
 */
const SCRYPT_N = 2 ** 17;
const SCRYPT_N_WITHOUT_PASSPHRASE = 1024;

/** A keystore that has been read and not been opened. */
export class Keystore {
  /** What it says, or null: only the key tells. */
  readonly address: Address | null;
  readonly label: string | null;
  readonly #file: string;
  readonly #derive: Derive;
  readonly #iv: Uint8Array;
  readonly #ciphertext: Uint8Array;
  readonly #mac: Uint8Array;

  /** `file` names it in messages. Throws `KeystoreError` for a text that is no keystore. */
  constructor(file: string, text: string) {
    const fields = fieldsOf(file, text);
    if (fields.value('version') === undefined && fields.value('encseed') !== undefined)
      throw fields.error('encseed', 'a keystore of the Ethereum presale; only version 3 is read');
    if (fields.value('version') !== 3)
      throw fields.error('version', `expected 3, got ${shownWithoutKeys(fields.value('version'))}`);
    const crypto = fields.object('crypto');
    crypto.oneOf('cipher', [CIPHER]);
    const label = fields.value('label');
    this.#file = file;
    this.address = addressIn(fields);
    this.label = typeof label === 'string' ? label : null;
    this.#iv = crypto.object('cipherparams').bytes('iv', IV_BYTES);
    this.#ciphertext = crypto.bytes('ciphertext', KEY_BYTES);
    this.#mac = crypto.bytes('mac', 32);
    this.#derive = keyDerivationOf(crypto);
  }

  /**
   * Decrypts the key, which takes as long as the keystore wants; null: the passphrase is wrong, or the file damaged. Throws
   * `KeystoreError` if what comes out is no key or not the key of the address.
   */
  async open(passphrase: string): Promise<PrivateKey | null> {
    const derived = await this.#derive(passphrase);
    if (!timingSafeEqual(macOf(derived, this.#ciphertext), this.#mac)) return null;
    const decipher = createDecipheriv(CIPHER, derived.subarray(0, 16), this.#iv);
    const key = this.#keyOf(decipher.update(this.#ciphertext));
    if (this.address !== null && this.address !== key.address)
      throw new KeystoreError(
        `${this.#file}: address: says ${this.address}, but the key is that of ${key.address}`,
      );
    return key;
  }

  #keyOf(bytes: Uint8Array): PrivateKey {
    try {
      return new PrivateKey(bytes);
    } catch (error) {
      if (error instanceof RangeError)
        throw new KeystoreError(`${this.#file}: crypto.ciphertext: what is encrypted is no private key`);
      throw error;
    }
  }

  /** Without a passphrase its contents are as good as the key. */
  toJSON(): string | null {
    return this.address;
  }

  [inspect.custom](): string {
    return `[keystore of ${this.address ?? 'an unknown address'}]`;
  }
}

/** What a keystore says its address is, which is all that is read of it; null: nothing. Throws `KeystoreError`. */
export function addressInKeystore(file: string, text: string): Address | null {
  return addressIn(fieldsOf(file, text));
}

/** The JSON text of a keystore with this key, as the programs of DCP write and read it. The empty passphrase is one. */
export async function keystoreText(
  key: PrivateKey,
  options: { readonly passphrase: string; readonly label: string; readonly process: string },
): Promise<string> {
  const n = options.passphrase === '' ? SCRYPT_N_WITHOUT_PASSPHRASE : SCRYPT_N;
  const kdfparams = { dklen: 32, salt: randomBytes(32), n, r: 8, p: 1 };
  const derived = await deriveByScrypt(options.passphrase, kdfparams);
  const iv = randomBytes(IV_BYTES);
  const ciphertext = createCipheriv(CIPHER, derived.subarray(0, 16), iv).update(bytesOf(key));
  return JSON.stringify({
    version: 3,
    id: randomUUID(),
    address: key.address.slice(2).toLowerCase(),
    crypto: {
      ciphertext: ciphertext.toString('hex'),
      cipherparams: { iv: iv.toString('hex') },
      cipher: CIPHER,
      kdf: 'scrypt',
      kdfparams: { ...kdfparams, salt: kdfparams.salt.toString('hex') },
      mac: macOf(derived, ciphertext).toString('hex'),
    },
    label: options.label,
    timestamp: String(new Date()),
    process: options.process,
  });
}

function macOf(derived: Uint8Array, ciphertext: Uint8Array): Buffer {
  return Buffer.from(keccak_256(Buffer.concat([derived.subarray(16, 32), ciphertext])));
}

function fieldsOf(file: string, text: string): KeystoreFields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // V8's message repeats a piece of the text, which may be a key that was taken for a keystore.
    throw new KeystoreError(
      `${file}: expected a keystore, which is JSON, got ${text.length} characters of something else`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new KeystoreError(`${file}: expected a keystore, which is a JSON object`);
  return new KeystoreFields(file, '', value);
}

function addressIn(fields: KeystoreFields): Address | null {
  const value = fields.value('address');
  if (value === undefined) return null;
  try {
    return parseAddress('address', value);
  } catch (error) {
    if (error instanceof InvalidArgumentError)
      throw fields.error('address', error.message.replace(/^address: /, ''));
    throw error;
  }
}
