/** What stands behind an option that takes a value. */
import type { Command, Option } from 'commander';

/**
 * Has a command refuse an option of its own as the value of another: commander takes the next word whatever it is, and
 * `--spool --json` would be a folder. A value of that name is given as `--spool=--json`.
 */
export function refuseOptionsAsValues(command: Command): void {
  const parseOptions = command.parseOptions.bind(command);
  command.parseOptions = (words) => {
    for (let i = 0; i < words.length && words[i] !== '--'; i++) {
      const option = takerOfNext(command, words[i]!);
      if (option === null) continue;
      const value = words[++i];
      if (value !== undefined && isOptionOf(command, value))
        command.error(`error: option '${option.flags}' argument missing`);
    }
    return parseOptions(words);
  };
}

/** The option whose value the next word is: the one that is named, or the last of several letters. */
function takerOfNext(command: Command, word: string): Option | null {
  const names = /^-\w{2,}$/.test(word) ? Array.from(word.slice(1), (letter) => `-${letter}`) : [word];
  const options = names.map((name) => optionOf(command, name));
  const first = options.findIndex((option) => option?.isBoolean() !== true);
  const option = options[first];
  return option?.required === true && first === names.length - 1 ? option : null;
}

function isOptionOf(command: Command, word: string): boolean {
  const name = word.replace(/^(--[^=]+)=.*$/s, '$1');
  return ['--', '--help', '-h'].includes(name) || optionOf(command, name) !== undefined;
}

/** `name`: `-j`, or `--job-id`. */
function optionOf({ options }: Command, name: string): Option | undefined {
  return options.find(({ short, long }) => name === short || name === long);
}
