export { Leftovers } from './leftovers.js';
export type { Unsubmitted } from './record.js';
export type { SpoolNews } from './spool.js';
