/** Debuggers on Sandboxes of this process, by the Chrome DevTools Protocol. */
export { Inspection } from './inspection.js';
export { InspectorServer, type InspectOptions } from './server.js';
