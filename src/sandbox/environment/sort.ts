/**
 * A merge sort: those that are equal stay in their order, and nothing is called that may be anybody's.
 * @param list may be changed
 * @param inOrder whether `a` may stand before `b`
 */
export function sortStably<T>(list: T[], inOrder: (a: T, b: T) => boolean): T[] {
  const { length } = list;
  let from = list;
  let to: T[] = [];
  for (let width = 1; width < length; width *= 2) {
    for (let start = 0; start < length; start += 2 * width) {
      const middle = start + width < length ? start + width : length;
      const end = middle + width < length ? middle + width : length;
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        const takesLeft = right === end || (left < middle && inOrder(from[left]!, from[right]!));
        to[at] = takesLeft ? from[left++]! : from[right++]!;
      }
    }
    const sorted = to;
    to = from;
    from = sorted;
  }
  return from;
}
