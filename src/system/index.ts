export { loadAddon } from './addon.js';
export { DatagramSocket, SystemError, type Sending } from './datagram-socket.js';
export { sdNotify } from './service-manager.js';
