import { DcpError } from '../model/index.js';

/** A keystore cannot be read, opened or written. The message names the file and, where there is one, the field. */
export class KeystoreError extends DcpError {
  constructor(message: string, options?: ErrorOptions) {
    super('EKEYSTORE', message, options);
  }
}

/** A keystore is encrypted with another passphrase than the one it was tried with. */
export class PassphraseError extends DcpError {
  constructor(message: string) {
    super('EPASSPHRASE', message);
  }
}
