/** What a value is by its internal slots; the same list is `Kind` in native/sandbox/clone_functions.cc. */
export const Kind = {
  ordinary: 0,
  array: 1,
  date: 2,
  regExp: 3,
  /** Number, String, Boolean and BigInt objects. */
  wrapper: 4,
  map: 5,
  set: 6,
  error: 7,
  arrayBuffer: 8,
  sharedArrayBuffer: 9,
  view: 10,
  wasmModule: 11,
  uncloneable: 12,
} as const;
