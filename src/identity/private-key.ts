import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { inspect } from 'node:util';
import { InvalidArgumentError } from '../model/index.js';
import { addressOfPublicKey, type Address } from './address.js';

/** Bytes of a private key. */
export const KEY_BYTES = 32;

/** A signature from which the signer's address can be computed. */
export interface Signature {
  /** 32 bytes each, big-endian; s is in the lower half, so that a message has one signature. */
  readonly r: Uint8Array;
  readonly s: Uint8Array;
  readonly v: 27 | 28;
}

/** The bytes of a key, for those who encrypt it. The folder keeps this to itself. */
export let bytesOf: (key: PrivateKey) => Uint8Array;

/** A key of secp256k1. However it is printed, what is seen is its address. */
export class PrivateKey {
  readonly address: Address;
  readonly #bytes: Uint8Array;

  static {
    bytesOf = (key) => key.#bytes;
  }

  /** Throws a `RangeError` for bytes that are no key. They are copied. */
  constructor(bytes: Uint8Array) {
    if (!secp256k1.utils.isValidSecretKey(bytes)) throw new RangeError('no private key of secp256k1');
    this.#bytes = Uint8Array.from(bytes);
    this.address = addressOfPublicKey(secp256k1.getPublicKey(this.#bytes, false).subarray(1));
  }

  static generate(): PrivateKey {
    return new PrivateKey(secp256k1.utils.randomSecretKey());
  }

  /** Reads 64 hexadecimal digits, with or without 0x. Throws `InvalidArgumentError`, which does not repeat them. */
  static parse(field: string, text: string): PrivateKey {
    const [, digits] = /^(?:0x)?([0-9a-f]{64})$/i.exec(text) ?? [];
    if (digits === undefined)
      throw new InvalidArgumentError(
        field,
        `expected a private key, 64 hexadecimal digits, got ${kindOf(text)}`,
      );
    const bytes = Buffer.from(digits, 'hex');
    if (!secp256k1.utils.isValidSecretKey(bytes))
      throw new InvalidArgumentError(field, 'expected a private key from 1 up to the order of secp256k1');
    return new PrivateKey(bytes);
  }

  /** Signs a text (UTF-8) or bytes as Ethereum signs messages of people (EIP-191, version 0x45), which is how DCP signs. */
  sign(message: string | Uint8Array): Signature {
    const hash = keccak_256(personalMessage(Buffer.from(message as string)));
    const signature = secp256k1.sign(hash, this.#bytes, { prehash: false, format: 'recovered' });
    return {
      r: signature.slice(1, 33),
      s: signature.slice(33, 65),
      v: signature[0] === 0 ? 27 : 28,
    };
  }

  toString(): string {
    return `private key of ${this.address}`;
  }

  toJSON(): Address {
    return this.address;
  }

  [inspect.custom](): string {
    return `[${this.toString()}]`;
  }
}

function personalMessage(message: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${message.length}`), message]);
}

function kindOf(text: string): string {
  if (text === '') return 'nothing';
  const digits = text.replace(/^0x/i, '');
  return /^[0-9a-f]+$/i.test(digits) ? `${digits.length} of them` : `${text.length} characters that are not`;
}
