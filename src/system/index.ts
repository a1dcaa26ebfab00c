export { addonFile, loadAddon, packageFiles, programBesideAddon } from './addon.js';
export { makeDirectory } from './directories.js';
export { DatagramSocket, SystemError } from './datagram-socket.js';
export { PressureTrigger } from './pressure-trigger.js';
export { childrenOf } from './process-children.js';
export { hasEndedHere, isGone, MARK_PATTERN, ownMark, processIdSpace } from './process-mark.js';
export { sdNotify } from './service-manager.js';
export { MAX_SOCKET_PATH_BYTES } from './socket-path.js';
