import type { Inspect } from './inspect.js';

const MAX_ROWS = 1000;
const MAX_COLUMNS = 20;
const MAX_CELL = 200;

const INDEX = '(index)';
const VALUES = 'Values';

/**
 * `tabularData` as text, a row for each of its properties: https://console.spec.whatwg.org/#table leaves the form open;
 * this is what terminals show.
 * @param columns only these, in this order
 * @returns null when it has no rows and columns
 */
export function formatTable(
  tabularData: unknown,
  columns: readonly string[] | null,
  inspect: Inspect,
): string | null {
  if (typeof tabularData !== 'object' || tabularData === null) return null;
  const rows = rowsOf(tabularData, inspect);
  const names = columns === null ? [] : [...columns];
  const cells: Map<string, string>[] = [];
  let hasValues = false;
  for (const [index, row] of rows.slice(0, MAX_ROWS)) {
    const line = new Map([[INDEX, index]]);
    cells.push(line);
    if (typeof row !== 'object' || row === null) {
      line.set(VALUES, clip(inspect(row)));
      hasValues = true;
      continue;
    }
    for (const [name, value] of rowsOf(row, inspect)) {
      if (!names.includes(name)) {
        if (columns !== null || names.length === MAX_COLUMNS) continue;
        names.push(name);
      }
      // A column may be called like one of ours.
      line.set(`.${name}`, clip(inspect(value)));
    }
  }
  const heads = [INDEX, ...names, ...(hasValues ? [VALUES] : [])];
  const keys = [INDEX, ...names.map((name) => `.${name}`), ...(hasValues ? [VALUES] : [])];
  const widths = keys.map((key, column) =>
    cells.reduce((width, line) => Math.max(width, (line.get(key) ?? '').length), heads[column]!.length),
  );
  const rule = (left: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => '─'.repeat(width + 2)).join(middle)}${right}`;
  const row = (texts: readonly string[]): string =>
    `│${texts.map((text, column) => ` ${text.padEnd(widths[column]!)} `).join('│')}│`;
  return [
    rule('┌', '┬', '┐'),
    row(heads),
    rule('├', '┼', '┤'),
    ...cells.map((line) => row(keys.map((key) => line.get(key) ?? ''))),
    rule('└', '┴', '┘'),
    ...(rows.length > MAX_ROWS ? [`… ${rows.length - MAX_ROWS} more`] : []),
  ].join('\n');
}

/** Names and values; no getter is called. */
function rowsOf(data: object, inspect: Inspect): (readonly [string, unknown])[] {
  if (data instanceof Map)
    return [...(data as Map<unknown, unknown>)].map(([key, value]) => [inspect(key), value]);
  if (data instanceof Set) return [...(data as Set<unknown>)].map((value, index) => [String(index), value]);
  return Object.entries(Object.getOwnPropertyDescriptors(data))
    .filter(([, property]) => property.enumerable)
    .map(([name, property]) => [name, 'value' in property ? (property.value as unknown) : '[Getter]']);
}

function clip(text: string): string {
  const line = text.split('\n', 1)[0]!;
  return line.length > MAX_CELL ? `${line.slice(0, MAX_CELL)}…` : line;
}
