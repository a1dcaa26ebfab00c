import type { Inspect } from './inspect.js';

const MAX_ROWS = 1000;
const MAX_COLUMNS = 20;
/** Of the properties of a row, when no columns are given. */
const MAX_LOOKED_AT = 1000;
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
  const { rows, more } = rowsOf(tabularData, MAX_ROWS, inspect);
  const names = columns === null ? [] : [...columns];
  const cells: Map<string, string>[] = [];
  let hasValues = false;
  for (const [index, row] of rows) {
    const line = new Map([[INDEX, index]]);
    cells.push(line);
    if (typeof row !== 'object' || row === null) {
      line.set(VALUES, clip(inspect(row)));
      hasValues = true;
      continue;
    }
    for (const [name, value] of rowsOf(row, columns === null ? MAX_LOOKED_AT : Infinity, inspect).rows) {
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
    ...(more > 0 ? [`… ${more} more`] : []),
  ].join('\n');
}

type Row = readonly [name: string, value: unknown];

/** Names and values of the first rows, and how many more there are; no getter is called. */
function rowsOf(data: object, limit: number, inspect: Inspect): { rows: Row[]; more: number } {
  const rows: Row[] = [];
  if (data instanceof Map) {
    for (const [key, value] of data as Map<unknown, unknown>) {
      if (rows.length === limit) break;
      rows.push([inspect(key), value]);
    }
    return { rows, more: Math.max(data.size - limit, 0) };
  }
  if (data instanceof Set) {
    for (const value of data as Set<unknown>) {
      if (rows.length === limit) break;
      rows.push([String(rows.length), value]);
    }
    return { rows, more: Math.max(data.size - limit, 0) };
  }
  const names = Object.keys(data);
  for (let index = 0; index < Math.min(names.length, limit); index++) {
    const name = names[index]!;
    const property = Object.getOwnPropertyDescriptor(data, name);
    rows.push([name, property === undefined || 'value' in property ? property?.value : '[Getter]']);
  }
  return { rows, more: Math.max(names.length - limit, 0) };
}

function clip(text: string): string {
  const line = text.split('\n', 1)[0]!;
  return line.length > MAX_CELL ? `${line.slice(0, MAX_CELL)}…` : line;
}
