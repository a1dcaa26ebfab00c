import type { Batch, CaseResult } from './case.js';

/** Who runs cases: our Sandbox, or dawn.node. */
export interface Engine {
  readonly name: 'sandbox' | 'dawn.node';
  /** Makes a seat, with the suite loaded and no device yet. Where that cannot be, no case is to blame: it rejects with no `Lost`. */
  open(): Promise<Seat>;
  /** What its seats are at is lost, and none is made any more. */
  close(): Promise<void>;
}

/** A Sandbox or a process. After a `run` that rejects it is of no more use, and gone. */
export interface Seat {
  /** Rejects with a `Lost` when the batch comes to no end. */
  run(batch: Batch): Promise<CaseResult[]>;
  close(): Promise<void>;
}

/** What ran the batch failed or did not come back. */
export class Lost extends Error {}

/** An engine runs nothing, so that there is nothing to compare; the message is for the person who typed. */
export class EngineError extends Error {}

/**
 * Runs batches one after another in a seat. When one is lost, each of its cases is run again in a seat of its own, so that only the
 * guilty are lost.
 * @param onResults is called after each batch
 */
export async function runBatches(
  engine: Engine,
  batches: readonly Batch[],
  onResults: (results: readonly CaseResult[]) => void,
): Promise<void> {
  let seat: Seat | null = null;
  const runOne = async (batch: Batch): Promise<CaseResult[]> => {
    seat ??= await engine.open();
    try {
      return await seat.run(batch);
    } catch (error) {
      seat = null;
      throw error;
    }
  };
  try {
    for (const batch of batches) {
      try {
        onResults(await runOne(batch));
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        for (const query of batch.cases) onResults([await runAlone(engine, batch.test, query)]);
      }
    }
  } finally {
    await (seat as Seat | null)?.close();
  }
}

async function runAlone(engine: Engine, test: string, query: string): Promise<CaseResult> {
  try {
    const seat = await engine.open();
    const [result] = await seat.run({ test, cases: [query] });
    await seat.close();
    return result!;
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    return { query, status: 'lost', ms: 0, logs: [error.message] };
  }
}
