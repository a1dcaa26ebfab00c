/** Cases that may be worse in a Sandbox than with dawn.node (compare.ts), and why that is right. */
export interface KnownDifference {
  /** A case, or the beginning of some, with a `*` at the end: `webgpu:api,operation,labels:*`. */
  readonly query: string;
  readonly reason: string;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [];

export function reasonFor(
  query: string,
  known: readonly KnownDifference[] = KNOWN_DIFFERENCES,
): string | null {
  const found = known.find((each) =>
    each.query.endsWith('*') ? query.startsWith(each.query.slice(0, -1)) : query === each.query,
  );
  return found?.reason ?? null;
}
