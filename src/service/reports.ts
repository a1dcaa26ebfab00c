import { reportText, type StatusBoard, type WorkerLog } from '../status/index.js';

/** The report of `--reportInterval`: how the Worker is, in its log again and again. */
export class Reports {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly board: StatusBoard,
    private readonly log: WorkerLog,
  ) {}

  /** In milliseconds, counted from now; null: no more. */
  every(intervalMs: number | null): void {
    clearInterval(this.#timer);
    if (intervalMs !== null) this.#timer = setInterval(() => this.#report(), intervalMs).unref();
  }

  #report(): void {
    const lines = reportText(this.board.status(), this.board.history()).trimEnd().split('\n');
    for (const line of lines) this.log.say('info', 'report', { line }, line);
  }
}
