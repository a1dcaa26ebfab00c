/** What `dcp-worker doctor` can find. Codes are for programs and do not change. */
export type FindingCode =
  | 'ADDON_UNUSABLE'
  | 'EVALUATOR_UNAVAILABLE'
  | 'CONFINEMENT_MISSING'
  | 'NOT_CONFINED'
  | 'NO_GPU'
  | 'NO_WORKER'
  | 'WORKER_NOT_RUNNING'
  | 'WORKER_IDLE'
  | 'OTHER_SCHEDULER'
  | 'SCHEDULER_MISSING'
  | 'SCHEDULER_UNAVAILABLE'
  | 'NO_WORK'
  | 'NO_WORK_FOR_THIS_WORKER'
  | 'JOB_NEEDS_WEBGPU'
  | 'JOB_NEEDS_ORIGINS'
  | 'JOB_NEEDS_OTHER_WORKER'
  | 'JOB_OF_OTHER_GROUP'
  | 'JOB_NOT_CHOSEN'
  | 'JOB_FAILS'
  | 'JOB_HAS_NOTHING_LEFT'
  | 'DIRECTORY_NOT_WRITABLE'
  | 'DISK_FULL'
  | 'FEW_FILE_DESCRIPTORS'
  | 'CLOCK_WRONG';

/** What a check found. */
export interface Finding {
  /**
   * - `ok`: as it should be.
   * - `problem`: it keeps the Worker from working.
   * - `note`: worth knowing, and no obstacle.
   */
  readonly kind: 'ok' | 'problem' | 'note';
  /** Null: there is nothing to name. */
  readonly code: FindingCode | null;
  /** For people, as a part of a list. */
  readonly text: string;
  /** The command that mends it; null: there is none, or no need. */
  readonly fix: string | null;
}

/** Findings about one thing. */
export interface Section {
  readonly name: 'evaluator' | 'worker' | 'work' | 'machine';
  readonly title: string;
  readonly findings: readonly Finding[];
}

export function ok(text: string): Finding {
  return { kind: 'ok', code: null, text, fix: null };
}

export function problem(code: FindingCode, text: string, fix: string | null): Finding {
  return { kind: 'problem', code, text, fix };
}

export function note(code: FindingCode | null, text: string, fix: string | null = null): Finding {
  return { kind: 'note', code, text, fix };
}
