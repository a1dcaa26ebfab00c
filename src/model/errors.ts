/**
 * The one hierarchy of errors. Every error that reaches a user has a stable `code`; existing DCP codes are
 * kept where they exist. A message says what was given, what was expected, and which field.
 */
export class DcpError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A value handed to a public function does not fit. `field` is its path. */
export class InvalidArgumentError extends DcpError {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super('EINVAL', `${field}: ${message}`);
  }
}

/** The system does not let one listen there as things are: another process does, or the machine has no such address yet. */
export class ListenError extends DcpError {
  constructor(
    /** Path of the argument that says where. */
    readonly field: string,
    message: string,
  ) {
    super('ELISTEN', `${field}: ${message}`);
  }
}

/** A value cannot be carried to or from a Sandbox; `path` leads to the offending field. */
export class EncodingError extends DcpError {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super('EENCODING', `${path}: ${message}`);
  }
}

/** A module that a Job needs cannot come with it: it is not there, does not compile, or is of Node only. */
export class ModuleError extends DcpError {
  constructor(
    /** As the importer names it; a file that does not compile is named by its path. */
    readonly module: string,
    /** `file:line:column`, relative; null when nothing imports it. */
    readonly importer: string | null,
    message: string,
  ) {
    super('EMODULE', message);
  }
}

/** A value would be larger, encoded, than it may be, or than there is memory to encode it in (`maxBytes` null). */
export class OversizeError extends EncodingError {
  constructor(path: string, maxBytes: number | null) {
    super(
      path,
      maxBytes === null
        ? 'there is not the memory to encode it, which takes twice what it is encoded to: in a Sandbox, of its bufferMiB'
        : `encoded it is larger than the ${maxBytes} bytes allowed`,
    );
  }
}

/** Bytes that claim to be an encoded value are not. */
export class DecodingError extends DcpError {
  constructor(message: string) {
    super('EDECODING', message);
  }
}

/** The same in every copy of this package: see `isSliceError`. */
const SLICE_ERROR = Symbol.for('dcp-worker-native.sliceError');

/** A Slice failed by its Work Function's doing; the other Slices go on. `code` tells how. */
export class SliceError extends DcpError {
  /** The Slice's number, from 1; null until it is known. */
  slice: number | null = null;
}
Object.defineProperty(SliceError.prototype, SLICE_ERROR, { value: true });

/** Also of a `SliceError` that another copy of this package made, as results of a Job are that it made. */
export function isSliceError(value: unknown): value is SliceError {
  return value instanceof Error && (value as { [SLICE_ERROR]?: unknown })[SLICE_ERROR] === true;
}

/** The Work Function threw, or its promise was rejected. */
export class UncaughtError extends SliceError {
  constructor(message: string) {
    super('EUNCAUGHT', message);
  }
}
/** The Work Function gave no sign of progress for `progressTimeoutMs`, or waits for what cannot come. */
export class NoProgressError extends SliceError {
  constructor(message: string) {
    super('ENOPROGRESS', message);
  }
}
/** The Slice ran longer than `sliceTimeoutMs`. */
export class SliceTooSlowError extends SliceError {
  constructor(message: string) {
    super('ESLICETOOSLOW', message);
  }
}
/** The Sandbox reached its memory limit. */
export class MemoryLimitError extends SliceError {
  constructor(message: string) {
    super('EMEMORYLIMIT', message);
  }
}
/** The Slice used more CPU time than `cpuTimeoutMs`. */
export class CpuLimitError extends SliceError {
  constructor(message: string) {
    super('ECPULIMIT', message);
  }
}
/** The GPU worked longer for the Slice than `gpuTimeoutMs`, or does not come back from what the Slice submitted. */
export class GpuTimeoutError extends SliceError {
  constructor(message: string) {
    super('EGPUTIMEOUT', message);
  }
}
/** The result is larger than results may be. */
export class ResultSizeError extends SliceError {
  constructor(message: string) {
    super('ERESULTSIZE', message);
  }
}
/** The Slice set more timers than it may. */
export class TimerLimitError extends SliceError {
  constructor(message: string) {
    super('ETIMERLIMIT', message);
  }
}
/** The result cannot be encoded. */
export class ResultError extends SliceError {
  constructor(message: string) {
    super('ERESULT', message);
  }
}
/** The Work Function called `work.reject` and its retries are used up. */
export class WorkRejectError extends SliceError {
  constructor(message: string) {
    super('EWORKREJECT', message);
  }
}
/** The Work Function's source does not compile, or is not a function. */
export class WorkFunctionError extends SliceError {
  constructor(message: string) {
    super('EWORKFUNCTION', message);
  }
}
/** The Slice's evaluator died again and again while running it. */
export class EvaluatorCrashError extends SliceError {
  constructor(message: string) {
    super('EEVALUATORCRASH', message);
  }
}

/** No Job of that id. */
export class JobNotFoundError extends DcpError {
  constructor(readonly jobId: string) {
    super('ENOJOB', `job ${JSON.stringify(jobId)}: the Scheduler has no such Job`);
  }
}
/** The Job is in a state that does not allow this. */
export class JobStateError extends DcpError {
  constructor(message: string) {
    super('EJOBSTATE', message);
  }
}
/** The Scheduler's store cannot be used: locked by a stopped process, damaged, of another version, full. */
export class SchedulerError extends DcpError {
  constructor(message: string, options?: ErrorOptions) {
    super('ESCHEDULER', message, options);
  }
}
/** The evaluator is closed, cannot start, or lost a Sandbox by no doing of the Job. */
export class EvaluatorError extends DcpError {
  /**
   * How many Slices may have brought it about. 0: none did. 1: the one that was running did. More: all that were under way
   * in the same process, and which one shows only when they run again one at a time. To load the Work Function counts as one.
   */
  readonly suspects: number;
  readonly #loss: EvaluatorError | null;

  constructor(
    message: string,
    options: ErrorOptions & { readonly suspects?: number; readonly loss?: EvaluatorError } = {},
  ) {
    super('EEVALUATOR', message, options);
    this.suspects = options.suspects ?? 1;
    this.#loss = options.loss ?? null;
  }

  /** What the errors of all Sandboxes that were lost together have in common: that is one loss, however many of them hear of it. */
  get loss(): EvaluatorError {
    return this.#loss ?? this;
  }
}

/**
 * There is no evaluator, or not any more, and no Slice had to do with it: somebody else ends it and starts it again. Whoever
 * was given Slices gives them back and waits.
 */
export class EvaluatorUnavailableError extends EvaluatorError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, suspects: 0 });
  }
}

/** A Job requires what is not to be had here; the message names the requirement and says why. */
export class RequirementError extends DcpError {
  constructor(message: string) {
    super('EREQUIREMENT', message);
  }
}

const SLICE_ERRORS = new Map<string, new (message: string) => SliceError>([
  ['EUNCAUGHT', UncaughtError],
  ['ENOPROGRESS', NoProgressError],
  ['ESLICETOOSLOW', SliceTooSlowError],
  ['EMEMORYLIMIT', MemoryLimitError],
  ['ERESULT', ResultError],
  ['ECPULIMIT', CpuLimitError],
  ['EGPUTIMEOUT', GpuTimeoutError],
  ['ERESULTSIZE', ResultSizeError],
  ['ETIMERLIMIT', TimerLimitError],
  ['EWORKREJECT', WorkRejectError],
  ['EWORKFUNCTION', WorkFunctionError],
  ['EEVALUATORCRASH', EvaluatorCrashError],
]);

/** The class that belongs to a Slice's error code; an unknown code makes a plain `SliceError`. */
export function sliceError(code: string, message: string, stack?: string): SliceError {
  const known = SLICE_ERRORS.get(code);
  const error = known ? new known(message) : new SliceError(code, message);
  // Where it was when it was stopped, nobody knows; a stack of ours would mislead.
  error.stack = stack === undefined ? `${error.name}: ${message}` : withHeading(stack, error);
  return error;
}

/** What a Work Function threw keeps its own class at the head of its stack; of errors that a Sandbox made the code says more. */
function withHeading(stack: string, { code, name, message }: SliceError): string {
  if (code === 'EUNCAUGHT') return stack;
  const at = stack.indexOf(`: ${message}`);
  return at > 0 && /^[\w$]+$/.test(stack.slice(0, at)) ? name + stack.slice(at) : stack;
}
