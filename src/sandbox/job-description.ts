import type { Determinism, InputSet, JobPublic } from '../model/index.js';

/** What the prelude is told of its Job, as JSON. */
export interface JobDescription {
  readonly id: string;
  readonly public: JobPublic;
  readonly inputSet: InputSet;
  /** See `JobRequirements`. */
  readonly sharedArrayBuffer: boolean;
  readonly fineClock: boolean;
  readonly determinism: Determinism | null;
  /** See `SandboxJob`. */
  readonly fetch: boolean;
  /** Native code has WebGPU for this Sandbox. */
  readonly webgpu: boolean;
}
