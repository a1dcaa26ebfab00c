import { bytesText, countText, durationText, percentText, printable } from '../../model/index.js';
import { busySandboxes } from '../busy-sandboxes.js';
import type { WorkerStatus } from '../worker-status.js';
import { Bar, byId, element, KeyedList, setText } from './elements.js';

type Job = WorkerStatus['jobs'][number];
type Sandbox = WorkerStatus['sandboxes'][number];

/** Rows that a list has; what is beyond is counted. */
const MAX_ROWS = 64;

/** A list with a text for when it is empty. */
class Rows<Item> {
  readonly #list = element('ul', 'rows');
  readonly #empty = element('p', 'empty');
  readonly #rows: KeyedList<Item>;
  readonly #more = element('p', 'muted');

  constructor(
    place: HTMLElement,
    keyOf: (item: Item) => string,
    make: () => { element: HTMLElement; show(item: Item): void },
  ) {
    this.#rows = new KeyedList(this.#list, keyOf, make);
    place.append(this.#list, this.#empty, this.#more);
  }

  show(items: readonly Item[], empty: string): void {
    this.#rows.show(items.slice(0, MAX_ROWS));
    this.#list.hidden = items.length === 0;
    this.#empty.hidden = items.length > 0;
    setText(this.#empty, empty);
    setText(this.#more, items.length > MAX_ROWS ? `and ${items.length - MAX_ROWS} more` : '');
  }
}

/** A title with something at its side, and details below. */
class Row {
  readonly element = element('li', 'row');
  readonly title = element('span', 'title');
  readonly side = element('span', 'side');
  readonly details = element('p', 'details');

  constructor() {
    const first = element('p', 'first');
    first.append(this.title, this.side);
    this.element.append(first, this.details);
  }

  showDetails(details: readonly (readonly [text: string, className: string])[]): void {
    while (this.details.children.length > details.length) this.details.lastElementChild!.remove();
    details.forEach(([text, className], index) => {
      const found = this.details.children[index] ?? this.details.appendChild(element('span', ''));
      found.className = className;
      setText(found, text);
    });
  }
}

/** Jobs, Sandboxes and cores. */
export class Work {
  readonly #jobs = new Rows<Job>(byId('jobs'), ({ id }) => id, jobRow);
  readonly #sandboxes = new Rows<Sandbox>(byId('sandboxes'), ({ id }) => String(id), sandboxRow);
  readonly #cores = new KeyedList<[label: string, part: number]>(byId('cores'), ([label]) => label, coreRow);

  show({ jobs, sandboxes, usage, places, state }: WorkerStatus): void {
    this.#cores.show(usage.cores.map((part, core) => [`Core ${core + 1}`, part]));
    setText(
      byId('cores-sum'),
      `Worker itself ${(usage.ownCores * 100).toFixed(1)} % of one, ${bytesText(usage.residentBytes)}`,
    );
    const queued = jobs.reduce((sum, job) => sum + job.queued, 0);
    setText(byId('jobs-sum'), jobs.length === 0 ? '' : `${countText(queued)} Slices queued`);
    this.#jobs.show(jobs, state === 'running' ? 'No Job has work for this Worker now.' : 'Nothing is held.');
    const busy = busySandboxes(sandboxes);
    setText(byId('sandboxes-sum'), `${busy} of ${places.all} at work`);
    this.#sandboxes.show(sandboxes, `${places.all} ${places.all === 1 ? 'place is' : 'places are'} free.`);
  }
}

function jobRow(): { element: HTMLElement; show(job: Job): void } {
  const row = new Row();
  return {
    element: row.element,
    show: ({ id, name, sliceMs, queued, running, sandboxes, done, failed, unsubmittedBytes }) => {
      setText(row.title, printable(name === '' ? id : name));
      row.title.title = id;
      setText(row.side, sliceMs === null ? '' : `${durationText(sliceMs)} a Slice`);
      row.showDetails([
        [`${countText(done)} done`, ''],
        ...(failed > 0 ? ([[`${countText(failed)} failed`, 'failed']] as const) : []),
        [`${countText(running)} running`, ''],
        [`${countText(queued)} queued`, ''],
        [`${sandboxes} ${sandboxes === 1 ? 'Sandbox' : 'Sandboxes'}`, ''],
        ...(unsubmittedBytes > 0 ? ([[`${bytesText(unsubmittedBytes)} to submit`, '']] as const) : []),
      ]);
    },
  };
}

function sandboxRow(): { element: HTMLElement; show(sandbox: Sandbox): void } {
  const row = new Row();
  const bar = new Bar('progress of the Slice');
  row.element.append(bar.element);
  return {
    element: row.element,
    show: ({ id, jobName, state, slice, sinceMs, progress, slices, usesGpu }) => {
      setText(row.title, printable(jobName));
      setText(row.side, sinceMs === null ? (state === 'ready' ? 'waiting' : state) : durationText(sinceMs));
      row.showDetails([
        [`Sandbox ${id}`, ''],
        ...(slice === null ? [] : ([[`Slice ${slice}`, '']] as const)),
        ...(progress === null ? [] : ([[percentText(progress), '']] as const)),
        [`${countText(slices)} run`, ''],
        ...(usesGpu ? ([['GPU', '']] as const) : []),
      ]);
      bar.element.hidden = progress === null;
      bar.set(progress ?? 0);
    },
  };
}

function coreRow([label]: [string, number]): { element: HTMLElement; show(core: [string, number]): void } {
  const row = element('li', 'core');
  const bar = new Bar(label);
  const value = element('span', 'value');
  row.append(element('span', 'label', label), bar.element, value);
  return {
    element: row,
    show: ([, part]) => {
      bar.set(part);
      setText(value, percentText(part));
    },
  };
}
