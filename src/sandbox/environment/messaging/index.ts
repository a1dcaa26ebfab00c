/**
 * Group `messaging`: channels between parts of one Work Function. https://html.spec.whatwg.org/#channel-messaging
 * There is no other realm to send to, so nothing that was posted can fail to be read: `messageerror` never comes. Messages
 * go when the Slice ends that posted them; ports stay with whoever has them.
 */
import type { MakeGroup } from '../realm.js';
import { makeChannels } from './message-port.js';

const makeMessaging: MakeGroup = (host, realm) => makeChannels(host, realm);

export default makeMessaging;
