/** How many Sandboxes run a Slice now: those that stand still within one do not. */
export function busySandboxes(
  sandboxes: readonly { readonly slice: number | null; readonly isFrozen: boolean }[],
): number {
  return sandboxes.filter(({ slice, isFrozen }) => slice !== null && !isFrozen).length;
}
