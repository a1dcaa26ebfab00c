/** What an observer or a listener threw comes out on its own, as if nobody had called it: whoever calls it has others to tell. */
export function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
