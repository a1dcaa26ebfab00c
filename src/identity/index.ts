export { parseAddress, type Address } from './address.js';
export { dcpDirectory, homeDirectory, type Surroundings } from './files.js';
export { isSecretItself, openIdentity, type Identity, type IdentityOptions } from './identity.js';
export { Keystore, keystoreText } from './keystore.js';
export { KeystoreError, PassphraseError } from './keystore-error.js';
export { askHidden, passphraseLaidReady } from './passphrase.js';
export { COMMUNITY_ACCOUNT, paymentOf, type Payment } from './payment.js';
export { PrivateKey } from './private-key.js';
export { Secret, hideFromProcessList, withoutKeys } from './secret.js';
