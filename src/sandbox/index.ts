/**
 * What the host of a Sandbox must know of the prelude. The rest of this folder runs inside isolates only.
 */
export { ConsoleLevels, MAX_RETRIES, Message } from './message-kinds.js';
export { GLOBAL_GROUPS } from './environment/groups.js';
export type { JobDescription } from './job-description.js';
