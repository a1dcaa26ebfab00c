import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import {
  openChildProcessEvaluator,
  openInProcessEvaluator,
  type Evaluator,
  type Sandbox,
  type SandboxLimits,
  type SandboxRequest,
} from '#src/evaluator/index.js';
import type { JobLimits, JobRequirements } from '#src/model/index.js';
import { Fetcher, type FetcherOptions, type FetchOutcome } from '#src/supervisor/fetch/index.js';
import { jobOf, Recorder, slices } from '../evaluator/support.js';

/** The hosts that forward requests, each in a way of its own. */
export const HOSTS = {
  'in-process': (): Promise<Evaluator> => openInProcessEvaluator({ threads: 1 }),
  'child-process': (): Promise<Evaluator> => openChildProcessEvaluator({ threads: 1 }),
} as const;

/** An HTTP server on loopback. */
export interface TestServer {
  readonly port: number;
  /** `http://127.0.0.1:…` */
  readonly origin: string;
  /** What it was asked, oldest first; bodies once they are there. */
  readonly requests: readonly { readonly message: IncomingMessage; readonly body: Buffer }[];
  /** Resolves when a connection was closed from the other side while it was answering. */
  readonly hungUp: Promise<void>;
}

/** Starts a server that ends with the test. The handler is called when all of a request is there. */
export async function serve(
  t: TestContext,
  handler: (message: IncomingMessage, response: Parameters<RequestListener>[1], body: Buffer) => void,
): Promise<TestServer> {
  const requests: { message: IncomingMessage; body: Buffer }[] = [];
  let onHungUp = (): void => undefined;
  const hungUp = new Promise<void>((resolve) => (onHungUp = resolve));
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    response.on('close', () => {
      if (!response.writableFinished) onHungUp();
    });
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const body = Buffer.concat(chunks);
      requests.push({ message, body });
      handler(message, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, origin: `http://127.0.0.1:${port}`, requests, hungUp };
}

export interface FetchingOptions extends Partial<Omit<FetcherOptions, 'allowedOrigins'>> {
  readonly allowedOrigins: readonly string[];
  /** Default: true. */
  readonly required?: NonNullable<JobRequirements['environment']>['fetch'];
  readonly host?: keyof typeof HOSTS;
  readonly jobLimits?: Partial<JobLimits>;
  readonly sandboxLimits?: Partial<SandboxLimits>;
}

/** A Sandbox whose requests are answered as a Supervisor answers them. */
export class Fetching extends Recorder {
  readonly outcomes: FetchOutcome[] = [];
  readonly #dropping = new Map<number, AbortController>();
  #waiting: (() => void)[] = [];
  sandbox!: Sandbox;

  constructor(
    private readonly fetcher: Fetcher,
    private readonly evaluator: Evaluator,
    private readonly requirements: JobRequirements,
  ) {
    super();
  }

  override onRequest(request: SandboxRequest): void {
    super.onRequest(request);
    const dropping = new AbortController();
    this.#dropping.set(request.id, dropping);
    void this.fetcher
      .answer({ id: 'job', requirements: this.requirements }, request, dropping.signal)
      .then(({ text, segments, outcome }) => {
        this.outcomes.push(outcome);
        for (const check of this.#waiting.splice(0)) check();
        // Even to what nobody waits for any more: that is the Sandbox's to leave out.
        this.sandbox.answer(request.id, text, segments);
      });
  }

  async close(): Promise<void> {
    await this.evaluator.close();
    await this.fetcher.close();
  }

  /** Resolves when so many requests have ended, well or not. */
  untilOutcomes(count: number): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.outcomes.length >= count) resolve();
        else this.#waiting.push(check);
      };
      check();
    });
  }

  override onRequestDropped(id: number): void {
    this.#dropping.get(id)?.abort();
    super.onRequestDropped(id);
  }
}

export async function startFetching(
  t: TestContext,
  work: ((...args: never[]) => unknown) | string,
  {
    allowedOrigins,
    required = true,
    host = 'in-process',
    jobLimits = {},
    sandboxLimits = {},
    limits = {},
    lookup,
  }: FetchingOptions,
): Promise<Fetching> {
  const evaluator = await HOSTS[host]();
  const requirements: JobRequirements = { environment: { fetch: required } };
  const fetcher = new Fetcher({ allowedOrigins, limits, ...(lookup && { lookup }) });
  const fetching = new Fetching(fetcher, evaluator, requirements);
  t.after(() => fetching.close());
  fetching.sandbox = await evaluator.createSandbox(fetching, sandboxLimits);
  await fetching.sandbox.assign(
    jobOf(work, { limits: jobLimits, job: { requirements, fetch: fetcher.serves(requirements) } }),
  );
  return fetching;
}

/** Runs one Slice; answers its result, or throws its error. */
export async function fetchIn<Result>(
  t: TestContext,
  work: (datum: never) => Result,
  datum: unknown,
  options: FetchingOptions,
): Promise<Awaited<Result>> {
  const fetching = await startFetching(t, work, options);
  fetching.sandbox.run(slices([datum]));
  await fetching.until(() => fetching.drained > 0 || fetching.end !== null);
  await fetching.close();
  const [failure] = fetching.failures.values();
  if (failure) throw failure;
  assert.equal(fetching.values.size, 1, `the Sandbox ended: ${String(fetching.end?.error)}`);
  return fetching.values.get(1) as Awaited<Result>;
}
