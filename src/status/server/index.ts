export { readToken } from './access.js';
export { listenOnSocket } from './unix-socket.js';
export {
  openStatusServer,
  StatusServer,
  type HttpListenerOptions,
  type StatusServerOptions,
} from './status-server.js';
