import { spawn, type ChildProcess } from 'node:child_process';

/**
 * Reads `+ GROUP` and `- GROUP`, and ends those process groups that are left when nobody can write any more. A shell has all of it
 * built in.
 */
const SCRIPT = `
groups=
while read -r what group; do
  rest=
  for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done
  [ "$what" = + ] && rest="$rest $group"
  groups=$rest
done
for one in $groups; do kill -s KILL -- "-$one"; done`;

/**
 * Ends evaluators when this process has ended and could not do it itself: killed, or crashed. They have connections of their own,
 * would work on, and stand still for ever if they are frozen.
 */
export class LastWill {
  readonly #shell: ChildProcess;

  constructor() {
    // A session of its own: Ctrl-C is not for it.
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    // Evaluators work without it, too.
    this.#shell.on('error', () => undefined);
    this.#shell.stdin!.on('error', () => undefined);
    this.#shell.unref();
  }

  add(group: number): void {
    this.#shell.stdin!.write(`+ ${group}\n`);
  }

  remove(group: number): void {
    this.#shell.stdin!.write(`- ${group}\n`);
  }

  close(): void {
    this.#shell.stdin!.end();
  }
}
