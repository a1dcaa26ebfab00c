import { InvalidArgumentError } from '../model/index.js';
import type { StatusSource, WorkerControl, WorkerState } from '../status/index.js';
import { actionOf, type Action, type Key } from './keys.js';
import { layOut } from './layout/frame.js';
import { showsUnicode, themeFor } from './layout/theme.js';
import type { TerminalInput } from './terminal/keyboard.js';
import { Screen } from './terminal/screen.js';
import { Terminal, type TerminalOutput } from './terminal/terminal.js';
import {
  FIRST_VIEW,
  nextPane,
  scroll,
  withNewRecord,
  type Extents,
  type Question,
  type View,
} from './view.js';

/** Records that come in a burst are drawn together, so many milliseconds after the first. */
const BURST_MS = 200;
/** How long a question or a notice stands, milliseconds. */
const STANDS_MS = 5_000;

export interface DashboardOptions {
  readonly source: StatusSource;
  readonly control: WorkerControl;
  /** `process.stdin`, a terminal. */
  readonly input: TerminalInput;
  /** `process.stdout`, the same terminal. Nobody else may write to it until the dashboard is closed. */
  readonly output: TerminalOutput;
  /** As SIGINT: called for each Ctrl-C and each confirmed `q`, and once when the terminal is gone for good. */
  readonly onQuit: () => void;
}

export interface Dashboard {
  /** Gives the terminal back as it was. May be called again, from any handler. */
  close(): void;
}

/** Why no dashboard can be shown there; null: one can. */
export function dashboardProblem(
  { input, output }: Pick<DashboardOptions, 'input' | 'output'>,
  env: NodeJS.ProcessEnv = process.env,
): string | null {
  if (!input.isTTY) return 'standard input is not a terminal';
  if (!output.isTTY) return 'standard output is not a terminal';
  return env['TERM'] === 'dumb' ? 'TERM is "dumb": a terminal that cannot move its cursor' : null;
}

/**
 * Shows a Worker full-screen until it is closed. The Worker never waits for it, and it does not keep the process running.
 * Throws `InvalidArgumentError` where `dashboardProblem` has an answer.
 */
export function openDashboard(options: DashboardOptions): Dashboard {
  const problem = dashboardProblem(options);
  if (problem !== null) throw new InvalidArgumentError('output', problem);
  return new OpenDashboard(options);
}

class OpenDashboard implements Dashboard {
  readonly #options: DashboardOptions;
  readonly #theme;
  readonly #screen: Screen;
  readonly #terminal: Terminal;
  readonly #unsubscribe: readonly (() => void)[];
  #view: View = FIRST_VIEW;
  #extents: Extents | null = null;
  /** When the question or the notice goes away, on the clock of `performance.now()`. */
  #standsUntil = 0;
  #burst: NodeJS.Timeout | null = null;

  constructor(options: DashboardOptions) {
    this.#options = options;
    const { source, input, output } = options;
    this.#theme = themeFor(output.getColorDepth(), showsUnicode(process.env));
    this.#screen = new Screen(this.#theme);
    this.#unsubscribe = [
      source.onRecord(() => {
        this.#view = withNewRecord(this.#view);
        this.#burst ??= setTimeout(() => this.#draw(), BURST_MS).unref();
      }),
      source.onPeriod(() => {
        this.#terminal.show();
        this.#draw();
      }),
    ];
    this.#terminal = new Terminal(input, output, {
      onKey: (key) => this.#onKey(key),
      onLost: () => {
        this.#screen.forget();
        this.#draw();
      },
      onRoom: () => this.#draw(),
      onGone: () => {
        this.close();
        options.onQuit();
      },
    });
    this.#terminal.show();
  }

  close(): void {
    for (const end of this.#unsubscribe) end();
    if (this.#burst !== null) clearTimeout(this.#burst);
    this.#terminal.close();
  }

  /** Draws what there is to see now. A frame that the terminal has no room for is left out; the next one has it all. */
  #draw(): void {
    if (this.#burst !== null) clearTimeout(this.#burst);
    this.#burst = null;
    if (!this.#terminal.isReady) return;
    if (performance.now() > this.#standsUntil) this.#view = { ...this.#view, question: null, notice: null };
    const { source } = this.#options;
    const { size } = this.#terminal;
    const { lines, extents } = layOut({
      status: source.status(),
      history: source.history(),
      records: source.recentRecords(),
      view: this.#view,
      size,
      theme: this.#theme,
    });
    this.#extents = extents;
    const text = this.#screen.update(lines, size.columns);
    if (text !== '') this.#terminal.write(text);
  }

  #onKey(key: Key): void {
    const action = actionOf(key);
    if (action === null) return;
    const asked = performance.now() > this.#standsUntil ? null : this.#view.question;
    // Any key answers a question, most of them with no, and takes a notice away.
    this.#view = { ...this.#view, question: null, notice: null };
    this.#do(action, asked);
    this.#draw();
  }

  #do(action: Action, asked: Question | null): void {
    const { control, source } = this.#options;
    switch (action.do) {
      case 'quit':
        return asked === 'stop' ? this.#quit() : this.#ask('stop');
      case 'interrupt':
        return this.#quit();
      case 'quitNow':
        process.kill(process.pid, 'SIGQUIT');
        return;
      case 'drain':
        if (this.#isIn('stopping', 'stopped')) return;
        return asked === 'drain' ? control.drain() : this.#ask('drain');
      case 'pause':
        if (this.#isIn('starting', 'created', 'stopping', 'stopped')) return;
        return source.status().state === 'paused' ? control.resume() : control.pause();
      case 'reload':
        return this.#reload();
      case 'suspend':
        return this.#terminal.suspend();
      case 'redraw':
        return this.#screen.forget();
      case 'scroll':
        if (this.#extents !== null) this.#view = scroll(this.#view, action.to, this.#extents);
        return;
      case 'nextPane':
        this.#view = nextPane(this.#view);
        return;
      case 'logSize':
        this.#view = { ...this.#view, logIsLarge: !this.#view.logIsLarge };
        return;
      case 'help':
        this.#view = { ...this.#view, help: this.#view.help === null ? 0 : null };
        return;
      case 'dismiss':
        this.#view = { ...this.#view, help: null };
    }
  }

  #quit(): void {
    this.#view = { ...this.#view, stops: this.#view.stops + 1 };
    this.#options.onQuit();
  }

  #ask(question: Question): void {
    this.#view = { ...this.#view, question };
    this.#standsUntil = performance.now() + STANDS_MS;
  }

  #tell(notice: string): void {
    this.#view = { ...this.#view, notice };
    this.#standsUntil = performance.now() + STANDS_MS;
  }

  /** Says so if the Worker is in one of these states, in which it cannot do what the key says. */
  #isIn(...states: readonly WorkerState[]): boolean {
    const { state } = this.#options.source.status();
    const isIn = states.includes(state);
    if (isIn) this.#tell(`The Worker is ${state}`);
    return isIn;
  }

  #reload(): void {
    this.#options.control.reload().then(
      (lines) => {
        this.#tell(lines.length === 0 ? 'Read again: nothing has changed' : lines.join('; '));
        this.#draw();
      },
      (error: unknown) => {
        this.#tell(error instanceof Error ? error.message : String(error));
        this.#draw();
      },
    );
  }
}
