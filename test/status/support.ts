import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { LogRecord } from '#src/logging/index.js';
import { NO_METRICS } from '#src/model/index.js';
import {
  HISTORY_LENGTH,
  IDLE_REASONS,
  openStatusServer,
  RECENT_RECORDS,
  StatusBoard,
  type HttpListenerOptions,
  type IdleCode,
  type StatusServer,
  type StatusSource,
  type WorkerControl,
  type WorkerHistory,
  type WorkerStatus,
} from '#src/status/index.js';

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** What an owner of a Job may call it, to see what becomes of it. */
export const HOSTILE_NAME =
  '<img src=x onerror="document.title=\'owned\'">\u001b[31m\n"\\{a="b"} \u202egnp.exe';

/** 2026-03-01, 10:00 UTC. */
const START = Date.UTC(2026, 2, 1, 10);

export function jobOf(fields: Partial<WorkerStatus['jobs'][number]> = {}): WorkerStatus['jobs'][number] {
  return {
    id: 'j1',
    name: 'Mandelbrot, deep zoom',
    sliceMs: 840,
    queued: 118,
    running: 4,
    sandboxes: 3,
    done: 1240,
    failed: 0,
    failuresInARow: 0,
    setAsideMs: 0,
    unsubmittedBytes: 0,
    ...fields,
  };
}

export function sandboxOf(
  fields: Partial<WorkerStatus['sandboxes'][number]> = {},
): WorkerStatus['sandboxes'][number] {
  return {
    id: 1,
    jobId: 'j1',
    jobName: 'Mandelbrot, deep zoom',
    state: 'ready',
    usesGpu: false,
    isFrozen: false,
    slices: 412,
    slice: 1301,
    sinceMs: 640,
    progress: 0.62,
    ...fields,
  };
}

/** A Worker of eight cores that has run for two hours. */
export function statusOf(fields: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    time: START + 7_530_000,
    startedAt: START,
    pid: process.pid,
    version: '0.1.0',
    workerId: 'workshop-7f3a',
    state: 'running',
    scheduler: '/var/lib/dcp/scheduler',
    schedulerIdentity: null,
    evaluator: 'child',
    confinement: null,
    adapters: ['NVIDIA RTX 4090'],
    gates: [],
    identity: null,
    paymentAddress: null,
    profile: { name: null, chosenBy: 'configuration' },
    places: { all: 8, gpu: 2 },
    sandboxes: [
      sandboxOf(),
      sandboxOf({ id: 2, slice: 1302, sinceMs: 310, progress: 0.27 }),
      sandboxOf({ id: 3, slice: 1303, sinceMs: 95, progress: null, slices: 410 }),
      sandboxOf({
        id: 4,
        jobId: 'j2',
        jobName: 'Protein folding, batch 12',
        slice: 77,
        sinceMs: 18_400,
        progress: 0.81,
        slices: 31,
        usesGpu: true,
        isFrozen: false,
      }),
      sandboxOf({
        id: 5,
        jobId: 'j2',
        jobName: 'Protein folding, batch 12',
        slice: null,
        sinceMs: null,
        progress: null,
        slices: 30,
        usesGpu: true,
        isFrozen: false,
      }),
      sandboxOf({
        id: 6,
        jobId: 'j3',
        jobName: HOSTILE_NAME,
        state: 'assigning',
        slice: null,
        sinceMs: null,
        progress: null,
        slices: 0,
      }),
    ],
    jobs: [
      jobOf(),
      jobOf({
        id: 'j2',
        name: 'Protein folding, batch 12',
        sliceMs: 21_300,
        queued: 9,
        running: 2,
        sandboxes: 2,
        done: 61,
        failed: 2,
        unsubmittedBytes: 3_400_000,
      }),
      jobOf({ id: 'j3', name: HOSTILE_NAME, sliceMs: null, queued: 1, running: 0, sandboxes: 1, done: 0 }),
    ],
    counts: {
      tasks: 210,
      done: 14_301,
      failed: 12,
      returned: 40,
      lostSandboxes: 1,
      fetched: { requests: 90, failed: 4, bytesIn: 7_000_000, bytesOut: 12_000 },
      metrics: {
        ...NO_METRICS,
        elapsedMs: 12_500_000,
        cpuMs: 11_900_000,
        webgpuMs: 640_000,
        bytesIn: 5_000_000,
        bytesOut: 9_000_000,
      },
    },
    rates: { slicesPerSecond: 6.4, failedPerSecond: 0.1, sliceMs: 870 },
    usage: {
      cores: [0.98, 0.94, 0.71, 0.88, 0.12, 0.99, 0.4, 0.03],
      gpu: 0.74,
      ownCores: 0.004,
      residentBytes: 96 * 2 ** 20,
    },
    idle: null,
    droppedRecords: 3,
    ...fields,
  };
}

export function idleBecause(code: IdleCode, places = 3): WorkerStatus['idle'] {
  return { code, ...IDLE_REASONS[code], places, since: START + 7_400_000 };
}

/** Five minutes with ups and downs. */
export function historyOf(length = HISTORY_LENGTH): WorkerHistory {
  const seconds = Array.from({ length }, (_, second) => second);
  const wave = (second: number, period: number): number =>
    0.5 + 0.5 * Math.sin((second / period) * 2 * Math.PI);
  return {
    end: START + 7_530_000,
    periodMs: 1000,
    slices: seconds.map((second) =>
      Math.round(3 + 4 * wave(second, 110) + 2 * wave(second, 37) + wave(second, 7)),
    ),
    failed: seconds.map((second) => (second % 71 === 0 ? 2 : 0)),
    sliceMs: seconds.map((second) => (second % 13 === 0 ? null : 700 + 400 * wave(second, 120))),
    cpu: seconds.map((second) => 0.55 + 0.4 * wave(second, 75)),
    gpu: seconds.map((second) => 0.3 + 0.6 * wave(second, 140)),
    busy: seconds.map(() => 6),
  };
}

export function recordOf(text: string, fields: Partial<LogRecord> = {}): LogRecord {
  return { time: START + 7_529_000, level: 'info', type: 'results', text, fields: {}, ...fields };
}

type Look = ReturnType<ConstructorParameters<typeof StatusBoard>[0]['look']>;

/** What a board sees of a Worker that is just starting. */
const NOTHING_YET: Look = {
  supervisor: null,
  adapters: [],
  confinement: null,
  schedulerIdentity: null,
  profile: { name: null, chosenBy: 'configuration' },
};

/** The board of such a Worker, which looks at what is there now. */
export function boardOf(t: TestContext, look: () => Partial<Look> = () => ({})): StatusBoard {
  const board = new StatusBoard({
    version: '0.1.0',
    scheduler: '/somewhere',
    evaluator: 'in-process',
    identity: null,
    paymentAddress: null,
    look: () => ({ ...NOTHING_YET, ...look() }),
    dropped: () => 0,
  });
  t.after(() => board.close());
  return board;
}

/** A Worker as displays see it, over data that a test holds in its hand. */
export class LiteralSource implements StatusSource {
  current = statusOf();
  past = historyOf();
  records: LogRecord[] = [
    recordOf('worker workshop-7f3a: 8 Sandboxes, Scheduler /var/lib/dcp/scheduler', {
      level: 'notice',
      type: 'started',
    }),
    recordOf('Mandelbrot, deep zoom: 24 Slices done'),
    recordOf('a Sandbox was lost: the evaluator process 4711 ended by SIGSEGV', {
      level: 'warning',
      type: 'sandboxLost',
    }),
    recordOf('Protein folding, batch 12: 3 Slices done'),
    recordOf(`new Job: ${HOSTILE_NAME}`, { type: 'job' }),
    recordOf('the Scheduler does not answer; trying again in 2 s', { level: 'error', type: 'trouble' }),
  ];
  readonly #recordListeners = new Set<(record: LogRecord) => void>();
  readonly #periodListeners = new Set<() => void>();

  /** Who listens to it now. */
  get listeners(): number {
    return this.#recordListeners.size + this.#periodListeners.size;
  }

  status(): WorkerStatus {
    return this.current;
  }
  history(): WorkerHistory {
    return this.past;
  }
  recentRecords(): readonly LogRecord[] {
    return this.records.slice(-RECENT_RECORDS);
  }
  onRecord(listener: (record: LogRecord) => void): () => void {
    this.#recordListeners.add(listener);
    return () => this.#recordListeners.delete(listener);
  }
  onPeriod(listener: () => void): () => void {
    this.#periodListeners.add(listener);
    return () => this.#periodListeners.delete(listener);
  }

  say(record: LogRecord): void {
    this.records.push(record);
    for (const listener of this.#recordListeners) listener(record);
  }
  /** A second has passed. */
  tick(): void {
    for (const listener of this.#periodListeners) listener();
  }
}

/** Writes down what it is told to do. */
export class RecordingControl implements WorkerControl {
  readonly calls: string[] = [];
  /** Thrown by the next call. */
  failure: Error | null = null;

  pause(): void {
    this.#call('pause');
  }
  resume(): void {
    this.#call('resume');
  }
  drain(): void {
    this.#call('drain');
  }
  stop(now: boolean): void {
    this.#call(now ? 'stop now' : 'stop');
  }
  async reload(): Promise<readonly string[]> {
    this.#call('reload');
    return ['cores: 4 instead of 8'];
  }
  useProfile(name: string): readonly string[] {
    this.#call(`profile ${name}`);
    return [`profile ${name}: 8 places → 2 places`];
  }
  #call(name: string): void {
    this.calls.push(name);
    if (this.failure !== null) throw this.failure;
  }
}

/** The server over such a Worker. */
export interface Served {
  readonly source: LiteralSource;
  readonly control: RecordingControl;
  readonly server: StatusServer;
  readonly socket: string;
  /** Where TCP readers go, without a slash at the end. */
  readonly url: string;
  readonly errors: { error: unknown; reference: string }[];
}

export async function serve(t: TestContext, http: Partial<HttpListenerOptions> = {}): Promise<Served> {
  const source = new LiteralSource();
  const control = new RecordingControl();
  const socket = path.join(temporaryDirectory(t), 'worker.sock');
  const errors: Served['errors'] = [];
  const server = await openStatusServer({
    source,
    control,
    socket,
    http: { port: 0, address: '127.0.0.1', token: null, ...http },
    onError: (error, reference) => errors.push({ error, reference }),
  });
  t.after(() => server.close());
  return { source, control, server, socket, url: server.url!.replace(/\/$/, ''), errors };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks over the Unix socket, or over TCP where `place` is a URL. */
export function ask(
  place: string,
  target: string,
  { method = 'GET', headers = {}, body = '' }: Asking = {},
): Promise<Reply> {
  const to = place.startsWith('http')
    ? { host: new URL(place).hostname.replace(/^\[|\]$/g, ''), port: new URL(place).port }
    : { socketPath: place };
  return new Promise((resolve, reject) => {
    const asking = request({ ...to, path: target, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    asking.on('error', reject);
    asking.end(body);
  });
}
