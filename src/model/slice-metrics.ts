/** What is measured of every Slice, as DCP reports it. Times are milliseconds. */
export interface SliceMetrics {
  /** Wall time. */
  readonly elapsedMs: number;
  readonly cpuMs: number;
  /** Time of the GPU, 0 without WebGPU. */
  readonly webgpuMs: number;
  /** Bytes of the encoded datum; 0 for a Slice of a range, which brings none. */
  readonly bytesIn: number;
  /** Bytes of the encoded result or error. */
  readonly bytesOut: number;
}

/** The metrics that are stored with results; `bytesOut` is the size of the payload beside them. */
export const STORED_METRICS = ['elapsedMs', 'cpuMs', 'webgpuMs', 'bytesIn'] as const;
export type StoredMetric = (typeof STORED_METRICS)[number];

/** Metrics of many Slices: one number for each, 0 or more. */
export type MetricColumns = Readonly<Record<StoredMetric, Float64Array>>;

/** A column for each metric, as `make` says. */
export function makeMetrics(make: (metric: StoredMetric) => Float64Array): MetricColumns {
  const columns: Partial<Record<StoredMetric, Float64Array>> = {};
  for (const metric of STORED_METRICS) columns[metric] = make(metric);
  return columns as MetricColumns;
}

/** Adds `more` to `sum`, metric by metric. */
export function addMetrics(sum: SliceMetrics, more: SliceMetrics): SliceMetrics {
  return {
    elapsedMs: sum.elapsedMs + more.elapsedMs,
    cpuMs: sum.cpuMs + more.cpuMs,
    webgpuMs: sum.webgpuMs + more.webgpuMs,
    bytesIn: sum.bytesIn + more.bytesIn,
    bytesOut: sum.bytesOut + more.bytesOut,
  };
}

export const NO_METRICS: SliceMetrics = Object.freeze({
  elapsedMs: 0,
  cpuMs: 0,
  webgpuMs: 0,
  bytesIn: 0,
  bytesOut: 0,
});

/** For Slices that took no time and brought nothing. */
export function zeroMetrics(slices: number): MetricColumns {
  return makeMetrics(() => new Float64Array(slices));
}
