/** A terminal that a test can look at and type into: tmux, installed or fetched by `npm run tmux`. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = fileURLToPath(new URL('../../.cache/tmux', import.meta.url));
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu'].map((name) =>
  path.join(FOLDER, name),
);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const FETCHED = path.join(FOLDER, 'usr/bin/tmux');
/** How long something may take to show, milliseconds: the machine may be busy. */
const PATIENCE_MS = 20_000;

interface Tmux {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

function findTmux(): Tmux | null {
  const { TMUX: _outer, NO_COLOR: _monochrome, FORCE_COLOR: _forced, ...rest } = process.env;
  const env = { ...rest, LC_ALL: 'C.UTF-8' };
  const fetched = { ...env, LD_LIBRARY_PATH: LIBRARIES.join(':') };
  for (const tmux of [
    { program: 'tmux', env },
    { program: FETCHED, env: fetched },
  ]) {
    if (tmux.program === FETCHED && !existsSync(FETCHED)) continue;
    try {
      execFileSync(tmux.program, ['-V'], { env: tmux.env, stdio: 'ignore' });
      return tmux;
    } catch {
      continue;
    }
  }
  return null;
}

const TMUX = findTmux();

/** A reason to skip tests that need it; false where it runs. */
export const withoutTmux: string | false = TMUX === null ? 'no tmux: npm run tmux fetches it' : false;

let opened = 0;

/** A shell with job control in a terminal of that size; its folder is this one, `$NODE` is Node. It is gone at the end of the test. */
export class TestTerminal {
  readonly #tmux: Tmux;
  #outputs = 0;
  readonly #socket = `dcp-test-${process.pid}-${opened++}`;

  constructor(t: TestContext, columns: number, rows: number, env: Readonly<Record<string, string>> = {}) {
    this.#tmux = TMUX!;
    const variables = Object.entries({
      PS1: '$ ',
      NODE: process.execPath,
      TERM: 'xterm-256color',
      ...env,
    }).map(([key, value]) => `${key}=${value}`);
    this.#runSync(
      'new-session',
      '-d',
      '-c',
      HERE,
      '-x',
      `${columns}`,
      '-y',
      `${rows}`,
      'env',
      ...variables,
      'bash',
      '--norc',
      '--noprofile',
    );
    t.after(() => {
      try {
        this.#runSync('kill-server');
      } catch {
        // It is gone since its only pane is.
      }
    });
  }

  /** Keys as tmux names them: `q`, `C-c`, `PageUp`; other words are typed. */
  async press(...keys: string[]): Promise<void> {
    await this.#run('send-keys', ...keys);
  }

  /** Types a command and Enter. */
  async type(command: string): Promise<void> {
    await this.#run('send-keys', '-l', command);
    await this.#run('send-keys', 'Enter');
  }

  /** What is on the screen, as lines; with `colours`, with its SGR sequences. */
  async screen(colours = false): Promise<string> {
    return this.#run('capture-pane', '-p', ...(colours ? ['-e'] : []));
  }

  /** As a terminal does it that tells programs what was pasted. */
  async paste(text: string): Promise<void> {
    await this.#run('set-buffer', text);
    await this.#run('paste-buffer', '-p');
  }

  /** The id of the process that has the terminal. */
  async foregroundProcess(): Promise<number> {
    const shell = (await this.#run('display-message', '-p', '#{pane_pid}')).trim();
    const stat = readFileSync(`/proc/${shell}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[5]);
  }

  /** The window is closed. */
  async killPane(): Promise<void> {
    await this.#run('kill-pane');
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** The screen once it matches; rejects with what is there instead. */
  async shows(pattern: RegExp): Promise<string> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const screen = await this.screen();
      if (pattern.test(screen)) return screen;
      if (performance.now() > end) throw new Error(`never showed ${pattern}, but\n${screen}`);
      await sleep(50);
    }
  }

  /** What a command prints, on a screen that is empty before and after. */
  async output(command: string): Promise<string> {
    // What the one before printed may still be there.
    const end = `:over ${++this.#outputs}`;
    await this.type(`clear; ${command}; echo ${end}`);
    const screen = await this.shows(new RegExp(`^${end}$`, 'm'));
    await this.type('clear');
    return screen.slice(0, screen.indexOf(`\n${end}`));
  }

  /** Of the pane: whether another screen than the shell's is shown, the cursor is visible, lines wrap. */
  async modes(): Promise<string> {
    const modes = ['alternate_on', 'cursor_flag', 'wrap_flag'].map((name) => `${name}=#{${name}}`).join(' ');
    return (await this.#run('display-message', '-p', modes)).trim();
  }

  async #run(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#tmux.program, this.#args(args), {
      env: this.#tmux.env,
    });
    return stdout;
  }

  #runSync(...args: string[]): void {
    execFileSync(this.#tmux.program, this.#args(args), { env: this.#tmux.env });
  }

  #args(args: readonly string[]): string[] {
    return ['-u', '-L', this.#socket, '-f', '/dev/null', ...args];
  }
}
