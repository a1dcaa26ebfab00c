/** How many Sandboxes run a Slice now. */
export function busySandboxes(sandboxes: readonly { readonly slice: number | null }[]): number {
  return sandboxes.filter(({ slice }) => slice !== null).length;
}
