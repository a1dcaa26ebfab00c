/** Who a Worker is and who is paid, by the options that Workers of DCP have for it. No secret needs to stand on a command line. */
import { Option, type Command, type OptionValues } from 'commander';
import {
  KeystoreError,
  Secret,
  askHidden,
  hideFromProcessList,
  isSecretItself,
  openIdentity,
  passphraseLaidReady,
  paymentOf,
  withoutKeys,
  type Address,
  type Identity,
  type Payment,
  type Surroundings,
} from '../identity/index.js';
import { InvalidArgumentError } from '../model/index.js';

export interface WorkerIdentity {
  readonly address: Address;
  /** Null: nobody is paid. */
  readonly paymentAddress: Address | null;
  readonly paymentSource: Payment['source'];
  readonly identity: Identity;
}

/** What the options do not say. */
export interface IdentitySurroundings extends Surroundings {
  /** The payment address of the configuration. */
  readonly configuredPaymentAddress?: string;
}

type SecretOption = 'identityKey' | 'identityKeystore';

/** What stood behind an option: a secret, or the name of the place where it is. */
interface Given {
  readonly value: Secret;
  readonly isSecretItself: boolean;
}

export function withIdentityOptions(program: Command): Command {
  // A word that is refused is repeated, and may be a key behind a mistyped option.
  program.configureOutput({ writeErr: (text) => process.stderr.write(withoutKeys(text)) });
  return program
    .option(
      '--paymentAddress <address>',
      'the account that is paid: 0x and 40 hexadecimal digits; default: that of default.keystore in ~/.dcp, or nobody',
    )
    .option('--defaultPaymentAddressToDCP', 'if no other account is named, pay the DCP Community Account')
    .addOption(
      new Option(
        '--identityKey <key>',
        "the Worker's private key: @file or - (standard input) for where its 64 hexadecimal digits are, or the digits, which others " +
          'on this machine may then see; default: the key of id.keystore in ~/.dcp, which is made when there is none',
      ).argParser((text) => given('identityKey', text)),
    )
    .addOption(
      new Option('--identityKeystore <keystore>', 'a keystore with that key: a file, - or JSON').argParser(
        (text) => given('identityKeystore', text),
      ),
    )
    .option(
      '--passphrase-file <file>',
      'a file whose first line is the passphrase of the keystore; default: $DCP_KEYSTORE_PASSPHRASE, or none; at a terminal it is asked for',
    );
}

/**
 * The Worker's identity and the account to be paid, as the options say. `warn` is told what the operator should change. Throws
 * `InvalidArgumentError`, `KeystoreError` or `PassphraseError`.
 */
export async function identityOf(
  options: OptionValues,
  { configuredPaymentAddress, ...surroundings }: IdentitySurroundings = {},
): Promise<WorkerIdentity> {
  const key = givenFor('identityKey', options, surroundings);
  const keystore = givenFor('identityKeystore', options, surroundings);
  const payment = await paymentOf({
    ...surroundings,
    ...optional('paymentAddress', options['paymentAddress'] as string | undefined),
    ...optional('configured', configuredPaymentAddress),
    toCommunity: options['defaultPaymentAddressToDCP'] === true,
  }).catch((error: unknown) => {
    throw asOption(error);
  });
  const laidReady = await passphraseLaidReady(
    options['passphraseFile'] as string | undefined,
    surroundings,
  ).catch((error: unknown) => {
    // Of a file that cannot be read.
    if (!(error instanceof KeystoreError)) throw error;
    throw new KeystoreError(`--passphrase-file: ${error.message}`, { cause: error });
  });
  const identity = await openIdentity({
    ...surroundings,
    ...optional('identityKey', key),
    ...optional('identityKeystore', keystore),
    ...laidReady,
    ...optional('ask', process.stdin.isTTY ? askHidden : undefined),
  });
  return {
    address: identity.address,
    paymentAddress: payment.address,
    paymentSource: payment.source,
    identity,
  };
}

/** What the option said is called as it was given. */
function asOption(error: unknown): unknown {
  const field = 'paymentAddress';
  if (!(error instanceof InvalidArgumentError) || error.field !== field) return error;
  return new InvalidArgumentError(`--${field}`, error.message.slice(`${field}: `.length));
}

/** Keeps what may be a secret from whatever prints options, and at once from the list of processes. */
function given(option: SecretOption, text: string): Given {
  const isSecret = isSecretItself(option, text);
  if (isSecret) hideFromProcessList(text);
  return { value: new Secret(text), isSecretItself: isSecret };
}

function givenFor(option: SecretOption, options: OptionValues, { warn }: Surroundings): string | undefined {
  const found = options[option] as Given | undefined;
  if (found?.isSecretItself)
    warn?.(
      `--${option}: others on this machine may have seen it in the list of processes; put it into a file and name that, ` +
        (option === 'identityKey' ? 'as @file' : 'as file'),
    );
  return found?.value.reveal();
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
