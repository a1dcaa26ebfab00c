import type { InputSet, JobPublic } from '../model/index.js';

/** What the prelude is told of its Job, as JSON. */
export interface JobDescription {
  readonly id: string;
  readonly public: JobPublic;
  readonly inputSet: InputSet;
}
