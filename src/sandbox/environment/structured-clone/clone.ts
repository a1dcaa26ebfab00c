/**
 * Copies `value`; what is in `transfer` moves into the copy and is detached.
 * @param moved gets what has become of each of `transfer`, in its order
 */
export type Clone = (value: unknown, transfer: readonly object[], moved?: object[]) => unknown;
