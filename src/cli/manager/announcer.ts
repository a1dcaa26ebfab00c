import { confinementText, missingLayers, type ConfinementReport } from '../../evaluator/index.js';
import type { Decision, MonitorName, Verdict } from '../../manager/index.js';

/** What the program tells while it runs. */
export interface Announcer {
  /** What evaluators will be confined by. */
  confinement(report: ConfinementReport): void;
  listening(where: string): void;
  decision(decision: Decision): void;
  unavailable(monitor: MonitorName, why: string): void;
  opened(connection: number, pid: number): void;
  refused(code: string, why: string): void;
  log(connection: number, line: string): void;
  ended(connection: number, how: string | null): void;
}

const SENTENCES: Readonly<Record<Verdict['action'], string>> = {
  run: 'evaluators may run',
  hold: 'no evaluators are started, those that run go on',
  freeze: 'evaluators are frozen',
  kill: 'evaluators are ended',
};

/** One line of text for a verdict, with the code of each reason. */
export function verdictText({ action, reasons }: Verdict): string {
  const each = reasons.map(({ code, text }) => `${code}: ${text}`);
  return [SENTENCES[action], ...each].join('; ');
}

/** Lines for people on standard error; where it listens on standard output, as other programs of this package have it. */
export class TextAnnouncer implements Announcer {
  constructor(
    private readonly program: string,
    private readonly isVerbose: boolean,
  ) {}

  confinement(report: ConfinementReport): void {
    const isLess = report.mode === 'off' || missingLayers(report).length > 0;
    if (isLess || this.isVerbose) this.#say(confinementText(report));
  }

  listening(where: string): void {
    process.stdout.write(`Listening on ${where}\n`);
  }

  decision({ cpu }: Decision): void {
    this.#say(verdictText(cpu));
  }

  unavailable(monitor: MonitorName, why: string): void {
    this.#say(`nothing comes from the monitor ${monitor}: ${why}`);
  }

  opened(connection: number, pid: number): void {
    if (this.isVerbose) this.#say(`connection ${connection}: process ${pid}`);
  }

  refused(code: string, why: string): void {
    // While it is stopped Workers try again and again.
    if (this.isVerbose || code === 'FAILED') this.#say(`a connection was refused: ${code}: ${why}`);
  }

  log(connection: number, line: string): void {
    this.#say(`connection ${connection}: ${line}`);
  }

  ended(connection: number, how: string | null): void {
    if (how !== null) this.#say(`connection ${connection}: ended: ${how}`);
    else if (this.isVerbose) this.#say(`connection ${connection}: closed`);
  }

  #say(text: string): void {
    process.stderr.write(`${this.program}: ${text}\n`);
  }
}

/** The same as a line of JSON each, on standard output: `time`, `event`, and what belongs to it. */
export class JsonAnnouncer implements Announcer {
  confinement(report: ConfinementReport): void {
    this.#say('confinement', report);
  }

  listening(where: string): void {
    this.#say('listening', { where });
  }

  decision({ cpu }: Decision): void {
    this.#say('decision', { ...cpu });
  }

  unavailable(monitor: MonitorName, why: string): void {
    this.#say('unavailable', { monitor, why });
  }

  opened(connection: number, pid: number): void {
    this.#say('open', { connection, pid });
  }

  refused(code: string, why: string): void {
    this.#say('refused', { code, why });
  }

  log(connection: number, line: string): void {
    this.#say('log', { connection, line });
  }

  ended(connection: number, how: string | null): void {
    this.#say('end', { connection, how });
  }

  #say(event: string, fields: object): void {
    process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`);
  }
}
