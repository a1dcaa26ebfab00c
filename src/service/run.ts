import { openDashboard, type Dashboard } from '../dashboard/index.js';
import { openOutputs } from '../logging/index.js';
import { InvalidArgumentError, ListenError } from '../model/index.js';
import { openStatusServer, openTaskTraces, readToken, type StatusServer } from '../status/index.js';
import type { SupervisorObserver } from '../supervisor/index.js';
import type { ServiceSettings } from './settings.js';
import { WorkerService, type WorkerServiceOwner } from './worker-service.js';

/** How long outputs may take to write their last records, milliseconds. */
const CLOSE_MS = 2_000;

export interface Surroundings {
  /** Is told, in a sentence, what the operator should know before there is a log. */
  readonly warn: (message: string) => void;
  readonly reread: WorkerServiceOwner['reread'];
  readonly withProfile: WorkerServiceOwner['withProfile'];
  /** Has `act` called when nobody reads standard output any more. */
  readonly whenReaderGone: (act: () => void) => void;
}

/**
 * Runs a Worker with its outputs, its status and its dashboard until it has stopped. Rejects with what keeps it from
 * starting; nothing stays open then.
 */
export async function runWorkerService(
  settings: ServiceSettings,
  { warn, reread, withProfile, whenReaderGone }: Surroundings,
): Promise<void> {
  const trouble: string[] = [];
  const outputs = openOutputs(settings.outputs, {
    // The terminal is the dashboard's.
    ...(settings.showsDashboard && { onLoneTrouble: (text) => trouble.push(text) }),
  });
  const traces = await tracesOf(settings, warn);
  let dashboard: Dashboard | null = null;
  let server: StatusServer | null = null;
  let service: WorkerService;
  try {
    service = new WorkerService(settings, outputs, traces, {
      reread,
      withProfile,
      onReopen: () => void server?.lookAfterSocket(),
      onExit(code) {
        dashboard?.close();
        process.exit(code);
      },
    });
  } catch (error) {
    await outputs.close(CLOSE_MS);
    throw error;
  }
  whenReaderGone(() => service.unread());
  try {
    server = await openServer(service, settings, warn);
    const url = server?.url ?? null;
    // Of port 0 nobody could know otherwise.
    if (url !== null) service.log.say('notice', 'statusPage', { url }, `status page at ${url}`);
    if (settings.showsDashboard) {
      dashboard = openDashboard({
        source: service.board,
        control: service,
        input: process.stdin,
        output: process.stdout,
        onQuit: () => service.interrupt(),
      });
    }
    await service.run();
  } finally {
    dashboard?.close();
    await server?.close();
    await outputs.close(CLOSE_MS);
    await service.close();
    for (const text of trouble) warn(text);
  }
}

/** Where traces cannot be had the Worker works without. */
async function tracesOf(
  { version }: ServiceSettings,
  warn: (message: string) => void,
): Promise<Partial<SupervisorObserver>> {
  try {
    return (await openTaskTraces(version)) ?? {};
  } catch (error) {
    warn(`no traces, though there is who takes them: ${(error as Error).message}`);
    return {};
  }
}

/** A Worker whose usual socket another one has can be asked nothing, and works. */
async function openServer(
  service: WorkerService,
  { statusSocket, http: listener }: ServiceSettings,
  warn: (message: string) => void,
): Promise<StatusServer | null> {
  const http = listener === null ? null : { ...listener, token: tokenIn(listener.tokenFile) };
  const options = {
    source: service.board,
    control: service,
    http,
    onSocketGone: (trouble: string | null) => sayOfSocket(service, statusSocket.path, trouble),
    onError: (error: unknown, reference: string) => {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      service.log.say('warning', 'statusError', { reference, message }, `status, ${reference}: ${message}`);
    },
  };
  if (statusSocket.isNamed) return openStatusServer({ ...options, socket: statusSocket.path });
  try {
    return await openStatusServer({ ...options, socket: statusSocket.path });
  } catch (error) {
    if (!(error instanceof InvalidArgumentError || error instanceof ListenError)) throw error;
    if (error.field !== 'socket') throw error;
    warn(`${error.message}; nobody can ask this Worker how it is: --status-socket names another place`);
    return http === null ? null : openStatusServer({ ...options, socket: null });
  }
}

function sayOfSocket({ log }: WorkerService, file: string, trouble: string | null): void {
  const fields = { path: file, trouble };
  if (trouble === null)
    log.say('notice', 'statusSocket', fields, `the status socket was gone, and is there again: ${file}`);
  else
    log.say(
      'warning',
      'statusSocket',
      fields,
      `the status socket is gone, and nobody can ask this Worker how it is: ${trouble}; it is made again once that can be`,
    );
}

function tokenIn(file: string | null): string | null {
  return file === null ? null : readToken('worker.status.tokenFile', file);
}
