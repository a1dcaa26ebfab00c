/** Counts what the Worker says on standard output. */
export class Tally {
  readonly records: Record<string, number> = {};
  /** Of records, by type, with what distinguishes them. */
  readonly told: Record<string, number> = {};

  add(record: Readonly<Record<string, unknown>>): void {
    const type = String(record['type']);
    count(this.records, type);
    if (type === 'spool') count(this.told, `spool: ${String(record['what'])}`);
    if (type === 'sandboxLost') count(this.told, `sandboxLost: ${withoutNumbers(record['message'])}`);
    if (type === 'trouble') count(this.told, `trouble: ${withoutNumbers(record['message'])}`);
    if (type === 'outputTrouble')
      count(this.told, `outputTrouble: ${String(record['output'])}: ${withoutNumbers(record['message'])}`);
    if (type === 'uncaught') count(this.told, `uncaught: ${String(record['message'])}`);
  }

  /** Times that the Scheduler, or an evaluator, could not be used for a reason that matches. */
  troubles(pattern: RegExp): number {
    return this.times(new RegExp(`^trouble: .*(${pattern.source})`));
  }

  /** Of all that was told, what matches. */
  times(pattern: RegExp): number {
    const texts = Object.entries(this.told).filter(([what]) => pattern.test(what));
    return texts.reduce((sum, [, times]) => sum + times, 0);
  }

  of(type: string): number {
    return this.records[type] ?? 0;
  }
}

export function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

export function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, times]) => `${name} ${times}`)
    .join(', ');
}

/** So that messages that differ in a process id alone are one. */
function withoutNumbers(message: unknown): string {
  return String(message)
    .replace(/\S*\/dcp-trial-\S*/g, '…')
    .replace(/\d+(\.\d+)?/g, 'N')
    .slice(0, 120);
}
