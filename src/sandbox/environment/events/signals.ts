/** AbortSignals for other groups. Each throws TypeError for what is none. */
export interface Signals {
  isSignal(value: unknown): boolean;
  /** DOM, "create a dependent abort signal"; of null one that never aborts. */
  follow(source: unknown): object;
  /** Null as long as it has not aborted. */
  abortion(signal: unknown): { readonly reason: unknown } | null;
  /** DOM, "add an abort algorithm". False when the signal has aborted already. */
  onAbort(signal: unknown, algorithm: () => void): boolean;
  offAbort(signal: unknown, algorithm: () => void): void;
}
