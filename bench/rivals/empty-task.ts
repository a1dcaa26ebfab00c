/** A piscina task that does nothing but answer. */
export default function emptyTask(datum: number): number {
  return datum;
}
