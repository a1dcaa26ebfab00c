import { createServer } from 'node:http';
import type { ManagerReport } from '../../manager/index.js';
import { exposition, EXPOSITION_TYPE, listenOnSocket, type Metric, type Sample } from '../../status/index.js';

/** What the program is doing, as JSON. */
export interface GateReport extends ManagerReport {
  readonly pid: number;
  /** Seconds since the start. */
  readonly upS: number;
  readonly evaluators: { readonly running: number; readonly frozen: number };
  /** Connections that got an evaluator. */
  readonly accepted: number;
  /** Those that got none, by why. */
  readonly refused: Readonly<Record<string, number>>;
}

/**
 * Answers `GET /status` (JSON) and `GET /metrics` (Prometheus' text) on a UNIX socket that its owner alone may open. Answers what
 * closes it. Rejects with InvalidArgumentError when it cannot listen there.
 */
export async function openGateStatus(file: string, report: () => GateReport): Promise<() => void> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, text: string): void =>
      void response.writeHead(status, { 'content-type': type }).end(text);
    if (request.method !== 'GET') answer(405, 'text/plain', 'GET only\n');
    else if (request.url === '/status') answer(200, 'application/json', `${JSON.stringify(report())}\n`);
    else if (request.url === '/metrics') answer(200, EXPOSITION_TYPE, exposition(metricsOf(report())));
    else answer(404, 'text/plain', 'there are /status and /metrics\n');
  });
  const socket = await listenOnSocket(server, file);
  server.unref();
  return () => {
    socket.remove();
    server.close();
    server.closeAllConnections();
  };
}

const ACTIONS = ['run', 'hold', 'freeze', 'kill'] as const;

function metricsOf(report: GateReport): Metric[] {
  const metric = (type: Metric['type'], name: string, help: string, samples: readonly Sample[]): Metric => ({
    name: `dcp_manager_${name}`,
    help,
    type,
    samples,
  });
  const { cpu, counts, monitors, evaluators, accepted, refused } = report;
  const reasonOf = ({ monitor, code }: { monitor: string; code: string }): Sample['labels'] => ({
    monitor,
    code,
  });
  return [
    metric('gauge', 'action', 'What evaluators may do: 1 for the action that holds.', [
      ...ACTIONS.map((action) => ({ labels: { action }, value: action === cpu.action ? 1 : 0 })),
    ]),
    metric('gauge', 'reason', 'Reasons that speak against running now.', [
      ...cpu.reasons.map((reason) => ({ labels: reasonOf(reason), value: 1 })),
    ]),
    metric('counter', 'reason_total', 'How often a reason has counted.', [
      ...counts.map((count) => ({ labels: reasonOf(count), value: count.times })),
    ]),
    metric('counter', 'reason_seconds_total', 'How long a reason has counted, seconds.', [
      ...counts.map((count) => ({ labels: reasonOf(count), value: count.seconds })),
    ]),
    metric('gauge', 'monitor_available', 'Whether a monitor can see what it looks at.', [
      ...monitors.map(({ monitor, phase }) => ({
        labels: { monitor },
        value: phase === 'unavailable' ? 0 : 1,
      })),
    ]),
    metric('gauge', 'evaluators', 'Evaluators that are there.', [
      { labels: { state: 'running' }, value: evaluators.running },
      { labels: { state: 'frozen' }, value: evaluators.frozen },
    ]),
    metric('counter', 'connections_total', 'Connections that got an evaluator.', [
      { labels: {}, value: accepted },
    ]),
    metric('counter', 'refused_total', 'Connections that got none.', [
      ...Object.entries(refused).map(([code, value]) => ({ labels: { code }, value })),
    ]),
  ];
}
