import { DcpError } from '../model/index.js';

/** Something that says how the Worker is configured: a file, an environment variable, an option. */
export interface Place {
  /** As people write it: `~/.dcp/dcp-config.js`, `$DCP_CONFIG_worker`, `--cores`. */
  readonly label: string;
  /** What relative paths in it begin at; null: it may have none. */
  readonly base: string | null;
}

/** Where in a place a value stands, both from 1; null where a place has no lines. */
export interface Position {
  readonly place: Place;
  readonly line: number | null;
  readonly column: number | null;
}

/** `error`: the configuration cannot be used. `warning`: something was left out, or means nothing. */
export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  readonly position: Position;
  /** `worker.cores.cpu`; null: it is about the whole place. */
  readonly key: string | null;
  readonly message: string;
}

/** `FILE:LINE:COLUMN: worker.cores.cpu: what is the matter` */
export function problemText({ position, key, message }: ConfigProblem): string {
  const { line, column } = position;
  const behind = line === null ? '' : `:${line}${column === null ? '' : `:${column}`}`;
  return `${position.place.label}${behind}: ${key === null ? '' : `${key}: `}${message}`;
}

/** Collects problems while places are read. */
export class Problems {
  readonly #all: ConfigProblem[] = [];
  readonly #order: Place['label'][] = [];

  /** Problems are told in the order in which their places were announced; those of others come last. */
  announce({ label }: Place): void {
    this.#order.push(label);
  }

  error(position: Position, key: string | null, message: string): void {
    this.#all.push({ severity: 'error', position, key, message });
  }

  warn(position: Position, key: string | null, message: string): void {
    this.#all.push({ severity: 'warning', position, key, message });
  }

  get any(): boolean {
    return this.#all.length > 0;
  }

  /** Place by place, and line by line. */
  get warnings(): readonly ConfigProblem[] {
    return this.#sorted('warning');
  }

  /** @throws {ConfigError} naming every error there is, place by place and line by line */
  throwErrors(): void {
    const errors = this.#sorted('error');
    if (errors.length > 0) throw new ConfigError(errors, this.warnings);
  }

  #sorted(wanted: ConfigProblem['severity']): ConfigProblem[] {
    const rank = ({ position }: ConfigProblem): number => {
      const at = this.#order.indexOf(position.place.label);
      return at < 0 ? this.#order.length : at;
    };
    return this.#all
      .filter(({ severity }) => severity === wanted)
      .map((problem) => ({ problem, rank: rank(problem), ...problem.position }))
      .sort((a, b) => a.rank - b.rank || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
      .map(({ problem }) => problem);
  }
}

/** The configuration cannot be used. The message has a line for each error. */
export class ConfigError extends DcpError {
  constructor(
    readonly errors: readonly ConfigProblem[],
    readonly warnings: readonly ConfigProblem[],
  ) {
    super('ECONFIG', errors.map(problemText).join('\n'));
  }
}
