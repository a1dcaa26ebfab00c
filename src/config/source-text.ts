import type { Place } from './problem.js';
import type { Environment } from './variables.js';

/** `json`: JSON with comments and commas behind the last of a list (JSONC). */
export type Dialect = 'js' | 'json';

/** Configuration as it is written. */
export interface SourceText {
  readonly place: Place;
  readonly text: string;
  readonly dialect: Dialect;
  /** What `process.env.NAME` in it stands for. */
  readonly env: Environment;
}
