/** Apart from the store: what programs that import the package read of its types leads to none of lmdb, which are not made for ES modules. */
export interface StoreOptions {
  /** How long to wait for a writer lock that does not move before `SchedulerError`. Milliseconds, default 5000. */
  readonly lockPatienceMs?: number;
  /** First size of LMDB's map in bytes; it grows by itself. Default 64 MiB. */
  readonly mapSize?: number;
}
