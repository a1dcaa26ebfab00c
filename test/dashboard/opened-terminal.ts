import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { TestTerminal } from './tmux.js';

/** Shows a scripted Worker's dashboard, in the folder of a `TestTerminal`. */
export const PROGRAM = '$NODE show.js';

/** A terminal before the dashboard has it, and the check that it is so again. */
export async function openTerminal(
  t: TestContext,
  size: readonly [columns: number, rows: number] = [80, 24],
  env: Readonly<Record<string, string>> = {},
) {
  const terminal = new TestTerminal(t, ...size, env);
  await terminal.shows(/^\$$/m);
  const state = async (): Promise<string> => `${await terminal.output('stty -a')}\n${await terminal.modes()}`;
  const before = await state();
  assert.match(before, /alternate_on=0 cursor_flag=1 wrap_flag=1/);
  return {
    terminal,
    start: async (...args: string[]): Promise<string> => {
      await terminal.type(`clear; echo above; ${PROGRAM} ${args.join(' ')}`);
      // From its first row to the keys in its last one: it may be seen half drawn.
      const screen = await terminal.shows(/^ dcp-worker [^]*^ .*\? help/m);
      assert.match(await terminal.modes(), /alternate_on=1 cursor_flag=0 wrap_flag=0/);
      return screen;
    },
    /** The shell is back with what it had on its screen, and the terminal is as it was. */
    isBack: async (pattern: RegExp): Promise<void> => {
      const screen = await terminal.shows(pattern);
      assert.match(screen, /^above$/m);
      assert.doesNotMatch(screen, /Sandboxes/);
      assert.equal(await state(), before);
    },
  };
}
