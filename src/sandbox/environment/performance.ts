/**
 * The clock and the timeline: https://w3c.github.io/hr-time/, https://w3c.github.io/user-timing/ (Level 3) and
 * https://w3c.github.io/performance-timeline/, without observers: there is nobody else whose entries could be awaited.
 * Entries go when the Slice ends that made them.
 */
import type { MakeGroup } from './realm.js';
import { defineInterface, requireArguments, toDictionary } from './webidl.js';
import { toDOMString, toDouble } from './webidl-types.js';
import { sortStably } from './sort.js';

/** Only this file makes entries and the Performance object. */
const MAKE = Symbol('make');

interface MeasureOptions {
  detail: unknown;
  duration: unknown;
  end: unknown;
  start: unknown;
}

const makePerformance: MakeGroup = (_host, realm) => {
  const { primordials, clock } = realm;
  const { TypeError } = primordials;
  const { EventTarget } = realm.group('events');

  const refuseConstruction = (key: unknown, name: string): void => {
    if (key !== MAKE) throw new TypeError(`${name}: Illegal constructor`);
  };

  /** User Timing: a structured clone, null for nothing. Throws DataCloneError. */
  const cloneDetail = (detail: unknown): unknown =>
    detail === undefined || detail === null ? null : realm.group('structured-clone').clone(detail, []);

  class PerformanceEntry {
    readonly #name: string;
    readonly #entryType: string;
    readonly #startTime: number;
    readonly #duration: number;

    constructor(...entry: unknown[]) {
      refuseConstruction(entry[0], 'PerformanceEntry');
      const [, name, entryType, startTime, duration] = entry as [symbol, string, string, number, number];
      this.#name = name;
      this.#entryType = entryType;
      this.#startTime = startTime;
      this.#duration = duration;
    }

    get name(): string {
      return this.#name;
    }
    get entryType(): string {
      return this.#entryType;
    }
    get startTime(): number {
      return this.#startTime;
    }
    get duration(): number {
      return this.#duration;
    }

    toJSON(): object {
      return {
        name: this.#name,
        entryType: this.#entryType,
        startTime: this.#startTime,
        duration: this.#duration,
      };
    }
  }

  class PerformanceMark extends PerformanceEntry {
    readonly #detail: unknown;

    constructor(markName: unknown, markOptions: unknown = undefined) {
      requireArguments(primordials, arguments.length, 1, 'PerformanceMark');
      const name = toDOMString(markName);
      const { detail, startTime } = toDictionary<{ detail: unknown; startTime: unknown }>(
        primordials,
        markOptions,
        'PerformanceMark: markOptions',
      );
      const start =
        startTime === undefined
          ? clock.now()
          : toDouble(primordials, startTime, 'PerformanceMark: markOptions.startTime');
      if (start < 0) {
        throw new TypeError(`PerformanceMark: markOptions.startTime: 0 or more expected, got ${start}`);
      }
      super(MAKE, name, 'mark', start, 0);
      this.#detail = cloneDetail(detail);
    }

    get detail(): unknown {
      return this.#detail;
    }

    override toJSON(): object {
      return { ...super.toJSON(), detail: this.#detail };
    }
  }

  class PerformanceMeasure extends PerformanceEntry {
    readonly #detail: unknown;

    constructor(...entry: unknown[]) {
      refuseConstruction(entry[0], 'PerformanceMeasure');
      const [, name, start, end, detail] = entry as [symbol, string, number, number, unknown];
      super(MAKE, name, 'measure', start, end - start);
      this.#detail = detail;
    }

    get detail(): unknown {
      return this.#detail;
    }

    override toJSON(): object {
      return { ...super.toJSON(), detail: this.#detail };
    }
  }

  let timeline: PerformanceEntry[] = [];
  /** Whether it is in the order of start times. It is sorted when it is read. */
  let isSorted = true;
  /** When the latest mark of each name starts; null: to be found in the timeline. */
  let markTimes: Record<string, number | undefined> | null = null;

  const clearTimeline = (): void => {
    timeline = [];
    isSorted = true;
    markTimes = null;
  };

  const addEntry = (entry: PerformanceEntry): void => {
    const { length } = timeline;
    if (length === 0) realm.scope.atEnd(clearTimeline);
    else if (timeline[length - 1]!.startTime > entry.startTime) isSorted = false;
    timeline[length] = entry;
    if (markTimes !== null && entry.entryType === 'mark') noteMark(markTimes, entry);
  };

  const noteMark = (
    times: Record<string, number | undefined>,
    { name, startTime }: PerformanceEntry,
  ): void => {
    const known = times[name];
    if (known === undefined || startTime >= known) times[name] = startTime;
  };

  const readMarkTimes = (): Record<string, number | undefined> => {
    const times = { __proto__: null } as unknown as Record<string, number | undefined>;
    for (let index = 0; index < timeline.length; index++) {
      if (timeline[index]!.entryType === 'mark') noteMark(times, timeline[index]!);
    }
    return times;
  };

  /** By start times; those that start together in the order in which they came. */
  const sortTimeline = (): void => {
    if (isSorted) return;
    timeline = sortStably(timeline, (a, b) => a.startTime <= b.startTime);
    isSorted = true;
  };

  const filter = (wanted: (entry: PerformanceEntry) => boolean): PerformanceEntry[] => {
    const selected: PerformanceEntry[] = [];
    for (let index = 0; index < timeline.length; index++) {
      const entry = timeline[index]!;
      if (wanted(entry)) selected[selected.length] = entry;
    }
    return selected;
  };

  const select = (wanted: (entry: PerformanceEntry) => boolean): PerformanceEntry[] => {
    sortTimeline();
    return filter(wanted);
  };

  /** User Timing, "convert a mark to a timestamp": of a mark's name, or a time. */
  const toTimestamp = (mark: unknown, where: string): number => {
    if (typeof mark === 'number') {
      const time = toDouble(primordials, mark, where);
      if (time < 0) throw new TypeError(`${where}: 0 or more expected, got ${time}`);
      return time;
    }
    const name = toDOMString(mark);
    const time = (markTimes ??= readMarkTimes())[name];
    if (time !== undefined) return time;
    const { DOMException } = realm.group('dom-exception');
    throw new DOMException(`${where}: there is no mark "${name}"`, 'SyntaxError');
  };

  /** User Timing, `measure()`: from options, or from the names of marks. */
  const makeMeasure = (name: string, startOrOptions: unknown, endMark: unknown): PerformanceMeasure => {
    const where = 'Performance.measure';
    const isDictionary =
      startOrOptions === undefined ||
      typeof startOrOptions === 'object' ||
      typeof startOrOptions === 'function';
    const options = isDictionary
      ? toDictionary<MeasureOptions>(primordials, startOrOptions, where)
      : { start: toDOMString(startOrOptions) };
    // Each is read once, in the order of their names.
    const { detail, duration, end, start } = options as Partial<MeasureOptions>;
    const length = duration === undefined ? undefined : toDouble(primordials, duration, `${where}: duration`);
    const isGiven = detail !== undefined || length !== undefined || end !== undefined || start !== undefined;
    if (isDictionary && isGiven) {
      if (endMark !== undefined) throw new TypeError(`${where}: options and an end mark exclude each other`);
      if (start === undefined && end === undefined) {
        throw new TypeError(`${where}: options need a start or an end`);
      }
      if (start !== undefined && end !== undefined && length !== undefined) {
        throw new TypeError(`${where}: of start, duration and end only two can be given`);
      }
    }
    let endTime: number;
    if (endMark !== undefined) endTime = toTimestamp(toDOMString(endMark), `${where}: endMark`);
    else if (end !== undefined) endTime = toTimestamp(end, `${where}: end`);
    else if (start !== undefined && length !== undefined) {
      endTime = toTimestamp(start, `${where}: start`) + length;
    } else endTime = clock.now();
    let startTime = 0;
    if (start !== undefined) startTime = toTimestamp(start, `${where}: start`);
    else if (length !== undefined) startTime = endTime - length;
    return new PerformanceMeasure(MAKE, name, startTime, endTime, cloneDetail(detail));
  };

  let requireBrand: (value: object) => void;

  class Performance extends EventTarget {
    readonly #isPerformance = true;

    constructor(...keys: unknown[]) {
      refuseConstruction(keys[0], 'Performance');
      super();
    }

    get timeOrigin(): number {
      requireBrand(this);
      return clock.timeOrigin();
    }

    now(): number {
      requireBrand(this);
      return clock.now();
    }

    toJSON(): object {
      return { timeOrigin: this.timeOrigin };
    }

    mark(markName: unknown, markOptions: unknown = undefined): PerformanceMark {
      requireBrand(this);
      requireArguments(primordials, arguments.length, 1, 'Performance.mark');
      const mark = new PerformanceMark(markName, markOptions);
      addEntry(mark);
      return mark;
    }

    measure(
      measureName: unknown,
      startOrMeasureOptions: unknown = undefined,
      endMark: unknown = undefined,
    ): PerformanceMeasure {
      requireBrand(this);
      requireArguments(primordials, arguments.length, 1, 'Performance.measure');
      const measure = makeMeasure(toDOMString(measureName), startOrMeasureOptions, endMark);
      addEntry(measure);
      return measure;
    }

    clearMarks(markName: unknown = undefined): void {
      requireBrand(this);
      clear('mark', markName);
    }

    clearMeasures(measureName: unknown = undefined): void {
      requireBrand(this);
      clear('measure', measureName);
    }

    getEntries(): PerformanceEntry[] {
      requireBrand(this);
      return select(() => true);
    }

    getEntriesByType(type: unknown): PerformanceEntry[] {
      requireBrand(this);
      requireArguments(primordials, arguments.length, 1, 'Performance.getEntriesByType');
      const entryType = toDOMString(type);
      return select((entry) => entry.entryType === entryType);
    }

    getEntriesByName(name: unknown, type: unknown = undefined): PerformanceEntry[] {
      requireBrand(this);
      requireArguments(primordials, arguments.length, 1, 'Performance.getEntriesByName');
      const wanted = toDOMString(name);
      const entryType = type === undefined ? null : toDOMString(type);
      return select(
        (entry) => entry.name === wanted && (entryType === null || entry.entryType === entryType),
      );
    }

    static {
      requireBrand = (value) => {
        if (!(#isPerformance in value)) throw new TypeError('Performance: Illegal invocation');
      };
    }
  }

  const clear = (entryType: string, name: unknown): void => {
    const text = name === undefined ? null : toDOMString(name);
    timeline = filter((entry) => entry.entryType !== entryType || (text !== null && entry.name !== text));
    if (entryType !== 'mark' || markTimes === null) return;
    if (text === null) markTimes = null;
    else delete markTimes[text];
  };

  defineInterface(primordials, 'PerformanceEntry', PerformanceEntry, null, [
    'name',
    'entryType',
    'startTime',
    'duration',
  ]);
  defineInterface(primordials, 'PerformanceMark', PerformanceMark, null, ['detail']);
  defineInterface(primordials, 'PerformanceMeasure', PerformanceMeasure, null, ['detail']);
  defineInterface(primordials, 'Performance', Performance);
  return {
    performance: new Performance(MAKE),
    Performance,
    PerformanceEntry,
    PerformanceMark,
    PerformanceMeasure,
  };
};

export default makePerformance;
