/** Where a Worker's earnings go. */
import path from 'node:path';
import { InvalidArgumentError } from '../model/index.js';
import { parseAddress, type Address } from './address.js';
import { dcpDirectory, readIfAny, type Surroundings } from './files.js';
import { KeystoreError } from './keystore-error.js';
import { addressInKeystore } from './keystore.js';

/** The DCP Community Account, to which the published Worker gives what it earns for nobody. */
export const COMMUNITY_ACCOUNT: Address = '0x079DAC0612C710ab4e975dAb7171C7e4beF78c5a';

const NOBODY = /^0x0{40}$/;

export interface PaymentOptions extends Surroundings {
  /** The option's value. */
  readonly paymentAddress?: string;
  /** What the configuration says. */
  readonly configured?: string;
  /** Whether the Community Account is paid when nobody else is named. Default: no. */
  readonly toCommunity?: boolean;
}

export interface Payment {
  /** Null: nobody is paid, which an embedded Scheduler is content with. */
  readonly address: Address | null;
  readonly source: 'option' | 'configuration' | 'keystore' | 'community' | 'none';
}

/**
 * The account to be paid: the option's, the configuration's, that of `default.keystore` in DCP's directory, whose key is not
 * needed, or the Community Account. Throws `InvalidArgumentError` for what is no address, `KeystoreError` for a keystore that is
 * damaged or does not say its address.
 */
export async function paymentOf(options: PaymentOptions): Promise<Payment> {
  const { paymentAddress, configured } = options;
  if (paymentAddress !== undefined)
    return { address: somebody('paymentAddress', paymentAddress), source: 'option' };
  if (configured !== undefined)
    return { address: somebody('worker.paymentAddress', configured), source: 'configuration' };
  const file = path.join(dcpDirectory(options), 'default.keystore');
  const text = await readIfAny(file, options);
  if (text !== null) return { address: addressOf(file, text), source: 'keystore' };
  if (options.toCommunity === true) return { address: COMMUNITY_ACCOUNT, source: 'community' };
  return { address: null, source: 'none' };
}

function somebody(field: string, value: string): Address {
  const address = parseAddress(field, value);
  if (NOBODY.test(address))
    throw new InvalidArgumentError(field, 'the null address is nobody’s: what it is paid is lost');
  return address;
}

function addressOf(file: string, text: string): Address {
  const address = addressInKeystore(file, text);
  if (address !== null && !NOBODY.test(address)) return address;
  throw new KeystoreError(
    `${file}: address: ${address ?? 'is missing'}; name the account with --paymentAddress`,
  );
}
