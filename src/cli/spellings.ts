/** Options that have two spellings: `--sandbox-type` and `--sandboxType`. */

export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Options as their program declares them, whichever way they were spelled. Answers the words, and the spelling that
 * was used of each declared name.
 */
export function oneSpelling(
  argv: readonly string[],
  declared: readonly string[],
): { argv: string[]; spelled: ReadonlyMap<string, string> } {
  const names = new Map(declared.map((name) => [kebabCase(name), name]));
  const spelled = new Map<string, string>();
  const end = argv.indexOf('--');
  const words = argv.map((word, i) => {
    const [, name, rest] = /^--([^=]+)(.*)$/s.exec(word) ?? [];
    const known = name === undefined ? undefined : names.get(kebabCase(name));
    if (known === undefined || (end >= 0 && i > end)) return word;
    if (!spelled.has(known)) spelled.set(known, name!);
    return `--${known}${rest}`;
  });
  return { argv: words, spelled };
}
