/** Manual pages out of what programs say with `--help`, as help2man makes them. */

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {string} summary the line behind the name, without a full stop
 * @property {string} help what `--help` prints
 * @property {readonly {name: string, help: string}[]} [commands] its sub-commands, each with its own help
 * @property {readonly string[]} [seeAlso] such as `dcp-job(1)`
 */

/** A line of a list: two spaces, the term, and its description behind two or more. */
const ITEM = /^ {2}(\S.*?)(?: {2,}(\S.*))?$/;
/** What continues a description stands below it. */
const CONTINUATION = /^ {8,}(\S.*)$/;
const HEADING = /^([A-Z][A-Za-z ]{0,30}):$/;

/**
 * @param {Program} program
 * @param {{version: string, date: Date}} edition
 * @returns {string} roff, for man(7)
 */
export function manPage({ name, summary, help, commands = [], seeAlso = [] }, { version, date }) {
  const day = date.toISOString().slice(0, 10);
  const lines = [
    `.TH ${name.toUpperCase().replaceAll('-', '\\-')} 1 "${day}" "dcp\\-worker\\-native ${version}" "User Commands"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(summary)}`,
    ...bodyOf(help, '.SH'),
  ];
  for (const command of commands) {
    lines.push(`.SH COMMAND ${roff(command.name.toUpperCase())}`, ...bodyOf(command.help, '.SS'));
  }
  if (seeAlso.length > 0) {
    const pages = seeAlso.map((page) => `.BR ${roff(page).replace('(', ' (')}`);
    lines.push('.SH SEE ALSO', pages.join(' ,\n'));
  }
  return `${lines.join('\n')}\n`;
}

/**
 * @param {string} help
 * @param {'.SH' | '.SS'} heading
 * @returns {string[]}
 */
function bodyOf(help, heading) {
  const title = (/** @type {string} */ text) => `${heading} ${heading === '.SH' ? text.toUpperCase() : text}`;
  const lines = [];
  let inList = false;
  let isFresh = true;
  for (const line of help.trimEnd().split('\n')) {
    const usage = /^Usage: (.*)$/.exec(line);
    const section = HEADING.exec(line);
    const continuation = inList ? CONTINUATION.exec(line) : null;
    const item = ITEM.exec(line);
    if (usage) {
      lines.push(title('Synopsis'), `.B ${roff(usage[1] ?? '')}`, title('Description'));
      isFresh = true;
    } else if (section) {
      lines.push(title(section[1] ?? ''));
      inList = true;
    } else if (continuation) {
      lines.push(roff(continuation[1] ?? ''));
    } else if (inList && item) {
      lines.push('.TP', `.B ${roff(item[1] ?? '')}`, ...(item[2] ? [roff(item[2])] : []));
    } else if (item) {
      // An example below a sentence of the text.
      lines.push('.PP', '.in +4n', '.nf', roff(line.trim()), '.fi', '.in');
    } else if (line.trim() === '') {
      isFresh = true;
    } else {
      // Text behind a list belongs to no item of it.
      if (inList) lines.push(title('Notes'));
      else if (isFresh) lines.push('.PP');
      inList = false;
      isFresh = false;
      lines.push(roff(line.trim()));
    }
  }
  return lines;
}

/** Text as roff takes it literally. @param {string} text */
function roff(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
    .replaceAll('…', '...');
}
