/** Passphrases: where they come from, and opening a keystore with what there is. */
import { createInterface } from 'node:readline/promises';
import { Writable, type Readable } from 'node:stream';
import { InvalidArgumentError } from '../model/index.js';
import { expandHome, readFile, type Surroundings } from './files.js';
import { PassphraseError } from './keystore-error.js';
import { Keystore } from './keystore.js';
import type { PrivateKey } from './private-key.js';

/** The environment variable that may have the passphrase. */
const PASSPHRASE_VARIABLE = 'DCP_KEYSTORE_PASSPHRASE';

/** How often somebody is asked, as in DCP. */
const TRIES = 3;

export interface Passphrase {
  /** Opens the keystore that is read, and encrypts one that is made. Default: the empty one. */
  readonly passphrase?: string;
  /** What it was read from, as an error says it. */
  readonly passphraseFrom?: string;
  /** Asks a person, where the empty passphrase does not fit. Default: nobody is there. */
  readonly ask?: (question: string) => Promise<string>;
}

/**
 * The passphrase that the operator has laid ready, if any: the first line of a file, else the environment variable
 * `DCP_KEYSTORE_PASSPHRASE`, which is taken out of `env`, so that no process started later inherits it. Throws
 * `InvalidArgumentError` for a file whose first line is empty: it is still to be written, or was written by a script that had nothing.
 */
export async function passphraseLaidReady(
  file: string | undefined,
  surroundings: Surroundings,
): Promise<Passphrase> {
  const { env = process.env } = surroundings;
  const variable = env[PASSPHRASE_VARIABLE];
  delete env[PASSPHRASE_VARIABLE];
  if (file === undefined)
    return variable === undefined ? {} : { passphrase: variable, passphraseFrom: `$${PASSPHRASE_VARIABLE}` };
  const text = await readFile(expandHome(file, surroundings), surroundings);
  const passphrase = text.split(/\r?\n/, 1)[0]!;
  if (passphrase === '')
    throw new InvalidArgumentError(
      '--passphrase-file',
      `${file}: expected a passphrase in its first line, got nothing`,
    );
  return { passphrase, passphraseFrom: `--passphrase-file ${file}` };
}

/** Opens a keystore with the passphrase given, or else the empty one, or else what a person answers. */
export async function openKeystore(file: string, text: string, options: Passphrase): Promise<PrivateKey> {
  const keystore = new Keystore(file, text);
  const { passphrase, passphraseFrom, ask } = options;
  const key = await keystore.open(passphrase ?? '');
  if (key !== null) return key;
  if (passphrase !== undefined) {
    const isUnprotected = passphrase !== '' && (await keystore.open('')) !== null;
    const wrong = `wrong passphrase${passphraseFrom === undefined ? '' : ` in ${passphraseFrom}`}`;
    throw new PassphraseError(
      isUnprotected
        ? `${file}: ${wrong}: the keystore was made with the empty one`
        : `${file}: ${wrong}, or the file is damaged`,
    );
  }
  if (ask === undefined)
    throw new PassphraseError(
      `${file}: needs a passphrase, and none was given: --passphrase-file names a file with it, or $${PASSPHRASE_VARIABLE} has it`,
    );
  // What a file says goes to a terminal here: without its control characters.
  const name = (keystore.label ?? keystore.address ?? file).replace(/\p{C}/gu, '').slice(0, 100);
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const key = await keystore.open(await ask(`${attempt > 1 ? 'Wrong. ' : ''}Passphrase of ${name}: `));
    if (key !== null) return key;
  }
  throw new PassphraseError(`${file}: wrong passphrase, ${TRIES} times`);
}

/** Asks at a terminal, without showing what is typed. Throws `PassphraseError` when nothing is answered. */
export async function askHidden(
  question: string,
  input: Readable = process.stdin,
  output: Writable = process.stderr,
): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  // Only now nothing that is typed is shown.
  output.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      // Ctrl-C and Ctrl-D close it.
      lines.once('close', () => reject(new PassphraseError('no passphrase was entered')));
    });
  } finally {
    lines.close();
    output.write('\n');
  }
}
