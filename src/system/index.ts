export { loadAddon, packageFiles, programBesideAddon } from './addon.js';
export { DatagramSocket, SystemError } from './datagram-socket.js';
export { sdNotify } from './service-manager.js';
