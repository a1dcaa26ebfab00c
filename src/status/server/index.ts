export { readToken } from './access.js';
export {
  openStatusServer,
  StatusServer,
  type HttpListenerOptions,
  type StatusServerOptions,
} from './status-server.js';
