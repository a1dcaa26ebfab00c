/** Who a Worker is to others: a key, from an option or from the file where DCP keeps it. */
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { InvalidArgumentError } from '../model/index.js';
import type { Address } from './address.js';
import {
  createFile,
  dcpDirectory,
  expandHome,
  readFile,
  readIfAny,
  readStream,
  type Surroundings,
} from './files.js';
import { KeystoreError } from './keystore-error.js';
import { keystoreText } from './keystore.js';
import { PrivateKey } from './private-key.js';
import { isKeyLike } from './secret.js';
import { openKeystore, type Passphrase } from './passphrase.js';

export interface IdentityOptions extends Surroundings, Passphrase {
  /** The key: 64 hexadecimal digits, or `@file` or `-` (standard input) for where they are. */
  readonly identityKey?: string;
  /** A keystore: JSON, the name of a file, with or without @, or `-`. `identityKey` goes before it. */
  readonly identityKeystore?: string;
  /** What `-` reads. Default: standard input. */
  readonly stdin?: Readable;
}

export interface Identity {
  readonly address: Address;
  /** Prints as its address. */
  readonly key: PrivateKey;
  /** Where the key is from; null: it was given, or a keystore was. */
  readonly file: string | null;
  /** Whether there was no keystore, and `file` has been made. */
  readonly created: boolean;
}

/**
 * The Worker's identity: `identityKey`, `identityKeystore`, or `id.keystore` in DCP's directory, which is made when there is
 * none. Throws `InvalidArgumentError` for a wrong option, `KeystoreError` for a file that cannot be used, `PassphraseError` for
 * one that needs another passphrase. No message repeats a key, a keystore or a passphrase.
 */
export async function openIdentity(options: IdentityOptions = {}): Promise<Identity> {
  const { identityKey, identityKeystore } = options;
  if (identityKey !== undefined) {
    if (identityKeystore !== undefined)
      options.warn?.('identityKeystore is not used: identityKey goes before it');
    return identityOf(PrivateKey.parse('identityKey', await keyText(identityKey, options)), null);
  }
  if (identityKeystore !== undefined) {
    const { text, file } = await keystoreGiven(identityKeystore, options);
    return identityOf(await openKeystore(file ?? 'identityKeystore', text, options), file);
  }
  const file = path.join(dcpDirectory(options), 'id.keystore');
  const text = await readIfAny(file, options);
  return text === null
    ? createIdentity(file, options)
    : identityOf(await openKeystore(file, text, options), file);
}

/** Whether an option has the secret itself as its value, and not the place where it is. */
export function isSecretItself(option: 'identityKey' | 'identityKeystore', value: string): boolean {
  if (option === 'identityKey') return !/^(-|@.*|)$/.test(value);
  return isJson(value) || (value !== '' && isKeyLike(value));
}

async function keyText(value: string, options: IdentityOptions): Promise<string> {
  if (value === '-') return (await readStdin('identityKey', options)).trim();
  if (value.startsWith('@')) return (await readFile(expandHome(value.slice(1), options), options)).trim();
  return value;
}

async function keystoreGiven(
  value: string,
  options: IdentityOptions,
): Promise<{ text: string; file: string | null }> {
  if (value === '' || value === '@')
    throw new InvalidArgumentError(
      'identityKeystore',
      'expected JSON, the name of a file, or -, got nothing',
    );
  if (isKeyLike(value))
    throw new InvalidArgumentError(
      'identityKeystore',
      'expected a keystore, got a private key, as identityKey takes it',
    );
  if (isJson(value)) return { text: value, file: null };
  if (value === '-') return { text: await readStdin('identityKeystore', options), file: null };
  const file = path.resolve(expandHome(value.replace(/^@/, ''), options));
  return { text: await readFile(file, options), file };
}

function readStdin(name: string, { stdin = process.stdin, ask }: IdentityOptions): Promise<string> {
  if (ask && (stdin as { isTTY?: boolean }).isTTY === true) return ask(`${name}: `);
  return readStream(`${name}: standard input`, stdin);
}

async function createIdentity(file: string, options: IdentityOptions): Promise<Identity> {
  if (options.passphrase === '')
    throw new InvalidArgumentError(
      'passphrase',
      `expected one to encrypt ${file} with, which is to be made, or none at all; got the empty one (${options.passphraseFrom ?? 'given'})`,
    );
  const key = PrivateKey.generate();
  const text = await keystoreText(key, {
    passphrase: options.passphrase ?? '',
    label: `identity:${userName()}@${hostname()}`,
    process: path.basename(process.argv[1] ?? 'node'),
  });
  const isMade = await createFile(file, text).catch((cause: Error) => {
    const remedy =
      '--identityKey or --identityKeystore gives the Worker a key that there is, $DCP_RESOURCE_DIR names another directory';
    throw new KeystoreError(`${cause.message}; ${remedy}`, { cause });
  });
  if (isMade) return { ...identityOf(key, file), created: true };
  return identityOf(await openKeystore(file, await readFile(file, options), options), file);
}

function identityOf(key: PrivateKey, file: string | null): Identity {
  return { address: key.address, key, file, created: false };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return String(process.getuid?.() ?? 'nobody');
  }
}

const isJson = (value: string): boolean => value.trimStart().startsWith('{');
