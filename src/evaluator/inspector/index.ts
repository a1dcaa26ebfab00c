/** Debuggers on Sandboxes of this process, by the Chrome DevTools Protocol. */
export { Inspection } from './inspection.js';
export { openInspectorServer, type InspectOptions, type InspectorServer } from './server.js';
