/** Why places for Slices are free, and what an operator can do about it. Codes are for programs and do not change. */
export const IDLE_REASONS = {
  STARTING: {
    text: 'the Worker is starting',
    remedy: 'wait some seconds',
  },
  PAUSED: {
    text: 'the Worker is paused',
    remedy: 'dcp-worker resume',
  },
  FROZEN: {
    text: 'the machine is needed, and the work stands still',
    remedy: 'wait: it goes on where it was; worker.manager says what is watched',
  },
  GATED: {
    text: 'the machine is needed, and the work has been stopped',
    remedy: 'wait until the machine is free; worker.manager says what is watched',
  },
  HELD: {
    text: 'the machine is busy, and nothing new is begun',
    remedy: 'wait until the machine is less busy; worker.manager says what is watched',
  },
  STOPPING: {
    text: 'the Worker is stopping',
    remedy: 'start it again once it has stopped',
  },
  EVALUATOR_UNAVAILABLE: {
    text: 'no Sandbox can be created',
    remedy: 'dcp-worker doctor says what the evaluator lacks; the log has its words',
  },
  SCHEDULER_UNAVAILABLE: {
    text: 'the Scheduler does not answer',
    remedy: 'see that its directory or address is right and that it runs; the Worker goes on trying',
  },
  RESULTS_WAITING: {
    text: 'too many results wait for the Scheduler to record them',
    remedy: 'see why the Scheduler is slow: a full disk, a network that is down',
  },
  JOBS_SET_ASIDE: {
    text: 'the Jobs that there are fail again and again, and are set aside for a while',
    remedy: 'tell their owners: their Slices fail by their own doing',
  },
  NO_WORK: {
    text: 'the Scheduler has nothing for this Worker',
    remedy: 'deploy a Job; dcp-worker doctor says what Jobs there are and why they are not for this Worker',
  },
} as const;

export type IdleCode = keyof typeof IDLE_REASONS;

export interface IdleReason {
  readonly code: IdleCode;
  /** What is the matter, for people; with what the Scheduler or evaluator said last, where that is it. */
  readonly text: string;
  readonly remedy: string;
  /** Places that are free. */
  readonly places: number;
  /** Since when places have been free for this reason, milliseconds since 1970. */
  readonly since: number;
}
