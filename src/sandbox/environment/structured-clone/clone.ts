/** Copies `value`; buffers of `transfer` move into the copy and are detached. */
export type Clone = (value: unknown, transfer: readonly object[]) => unknown;
