/** What the frames between a host and its evaluator process say: the first number of the header. `sandbox` is a number the host chose. */

/** From the host. */
export const HostSays = {
  /** The first frame. [the length of each region of shared memory, of which the descriptors are behind that of the frames; 0: none] */
  welcome: 1,
  /** [sandbox] and the encoded `SandboxLimits` */
  create: 2,
  /** [sandbox] and the encoded `SandboxJob` */
  assign: 3,
  /** [sandbox, slices], columns and segments */
  run: 4,
  /** [sandbox, results]: the host has done with these results. */
  release: 6,
  /** [sandbox] */
  dispose: 7,
  /** [any number], to be answered by `pong` */
  ping: 8,
  /** [sandbox, request], text and segments: the answer to a `request`. */
  answer: 9,
  /** To be answered by `offer`. */
  describe: 10,
  /** [any number] The process is about to be frozen: time stands still for all in it. To be answered by `held`. */
  hold: 11,
  /** [for how long it was frozen, milliseconds]: time goes on. Said while the process is frozen: the first that it hears. */
  goOn: 12,
  /** Names of adapters that Jobs do not get from now on, each a part. The evaluator is to tell which they get. */
  adapters: 13,
} as const;

/** From the evaluator process. */
export const EvaluatorSays = {
  /** The first frame. [protocol version], and the `LayerState`s, encoded, of what the process has taken from itself. */
  ready: 1,
  /** [sandbox] */
  created: 2,
  /** [sandbox] */
  assigned: 3,
  /** One column of numbers: where in the memory of Tasks segments began that nobody has any more. */
  freed: 4,
  /** [sandbox, results, slices], columns and segments */
  results: 5,
  /** [sandbox, slice, level] and the text */
  console: 6,
  /** [sandbox, slice], name, head and segments */
  custom: 7,
  /** [sandbox, slice, retries] and the reason */
  rejected: 8,
  /** [sandbox, slice, fraction or -1] */
  progress: 9,
  /** [sandbox] */
  drained: 10,
  /** [sandbox, `EndKind`, the Slice that was running or 0] and the message */
  ended: 11,
  /** A thread does not come back from a builtin; its Sandbox has ended. */
  stuck: 12,
  /** [the number of the ping] */
  pong: 13,
  /** [sandbox, request], text and segments */
  request: 14,
  /** [sandbox, request]: nobody waits for its answer any more. */
  requestDropped: 15,
  /** A GPU does not come back; its Sandbox has ended. The process is to be replaced. */
  disowned: 16,
  /** What the evaluator offers, encoded: an `EvaluatorOffer`. */
  offer: 17,
  /** [may a Slice have done it: 0 or 1] and how: the last frame, said for a process that has ended by whoever started it. */
  died: 18,
  /** A thread has died, and no other can take its place. The process is to be replaced. */
  worn: 19,
  /** [the number of the `hold`]: time stands still. */
  held: 20,
  /** The name of an adapter that a Job got; only to a host that has said `adapters`. */
  adapter: 21,
} as const;

/** Why a Sandbox ended. */
export const EndKind = { disposed: 0, evaluator: 1, workFunction: 2, requirement: 3 } as const;

/**
 * To be raised whenever either side would misunderstand the other: by these frames, by what the codec writes, by what Jobs and limits have
 * in them. A host that starts its evaluator has the same version; one that connects to it may not.
 */
export const PROTOCOL_VERSION = 2;
