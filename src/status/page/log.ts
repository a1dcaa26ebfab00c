import type { LogRecord } from '../../logging/index.js';
import { printable } from '../../model/index.js';
import { byId, element, setText } from './elements.js';

/** Records that the page keeps. */
const MAX_RECORDS = 200;

/** The end of the log, newest last. It follows what comes as long as nobody has scrolled away from the end. */
export class Log {
  readonly #place = byId('log');
  readonly #sum = byId('log-sum');

  onRecords(records: readonly LogRecord[]): void {
    this.#place.replaceChildren(...records.slice(-MAX_RECORDS).map(recordRow));
    if (records.length === 0)
      this.#place.replaceChildren(element('p', 'empty', 'Nothing has been said yet.'));
    this.#place.scrollTop = this.#place.scrollHeight;
    this.#count();
  }

  onRecord(record: LogRecord): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#place;
    const atEnd = scrollHeight - scrollTop - clientHeight < 24;
    this.#place.querySelector('.empty')?.remove();
    this.#place.append(recordRow(record));
    while (this.#place.children.length > MAX_RECORDS) this.#place.firstElementChild!.remove();
    if (atEnd) this.#place.scrollTop = this.#place.scrollHeight;
    this.#count();
  }

  #count(): void {
    const count = this.#place.querySelectorAll('.record').length;
    setText(this.#sum, count === 0 ? '' : `last ${count}`);
  }
}

function recordRow({ time, level, text }: LogRecord): HTMLElement {
  const row = element('div', 'record');
  row.dataset['level'] = level;
  const at = new Date(time);
  const when = element('time', '', at.toLocaleTimeString('en-GB'));
  when.dateTime = at.toISOString();
  row.append(when, element('span', 'level', level), element('p', '', printable(text, 2_000)));
  return row;
}
