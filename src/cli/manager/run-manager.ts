/** What `dcp-evaluator-manager` does: monitors, a gate, and what it tells of both. */
import { openConfinement, type ConfinementMode, type GpuOptions } from '../../evaluator/index.js';
import { Manager, type CompleteManagerOptions } from '../../manager/index.js';
import { ServiceManager } from '../../service/index.js';
import { addressesOf, listenOnAll, untilTold, type ListenOptions } from '../listen.js';
import { JsonAnnouncer, TextAnnouncer, verdictText, type Announcer } from './announcer.js';
import { Gate, REFUSALS } from './gate.js';
import type { GateCommand } from './gated-child.js';
import { openGateStatus } from './status-server.js';

export interface RunManagerOptions extends ListenOptions {
  readonly command: GateCommand;
  /** How the evaluators of this package confine themselves; null: they are others. */
  readonly confinement: { readonly mode: ConfinementMode; readonly gpu: GpuOptions | null } | null;
  readonly manager: CompleteManagerOptions;
  readonly rateMs: number;
  readonly connections: number;
  readonly statusSocket: string | undefined;
  readonly json: boolean;
  readonly verbose: boolean;
}

export const PROGRAM = 'dcp-evaluator-manager';
/** What operators send to managers. */
const USUAL_SIGNAL = 'SIGPWR';

/** Runs until a signal ends it; answers the exit code. */
export async function runManager(options: RunManagerOptions): Promise<number> {
  const announcer: Announcer = options.json
    ? new JsonAnnouncer()
    : new TextAnnouncer(PROGRAM, options.verbose);
  if (options.confinement !== null) {
    const { mode, gpu } = options.confinement;
    announcer.confinement(openConfinement(mode, gpu).probe());
  }
  const service = new ServiceManager();
  const refused = new Map<string, number>(REFUSALS.map((code) => [code, 0]));
  const watched = watchedSignals(options.manager);
  const told = untilTold(watched);
  // Who sends it to a program that does not watch for it does not mean to end the program.
  if (!watched.includes(USUAL_SIGNAL)) process.on(USUAL_SIGNAL, () => undefined);
  const begun = performance.now();
  let accepted = 0;
  const manager = new Manager(options.manager, {
    onDecision: (decision) => {
      gate.apply(decision.cpu);
      announcer.decision(decision);
      service.status(verdictText(decision.cpu));
    },
    onUnavailable: (monitor, why) => announcer.unavailable(monitor, why),
  });
  const gate = new Gate(options, {
    verdict: () => manager.decision.cpu,
    isRateLimited: () => !options.manager.onlyLimits || manager.isBusy,
    onOpen: (connection, pid) => {
      accepted++;
      announcer.opened(connection, pid);
    },
    onRefused: (code, why) => {
      refused.set(code, refused.get(code)! + 1);
      announcer.refused(code, why);
    },
    onLog: (connection, line) => announcer.log(connection, line),
    onEnd: (connection, how) => announcer.ended(connection, how),
  });
  const closeStatus =
    options.statusSocket === undefined
      ? null
      : await openGateStatus(options.statusSocket, () => ({
          pid: process.pid,
          upS: Math.round((performance.now() - begun) / 100) / 10,
          evaluators: gate.counts,
          accepted,
          refused: Object.fromEntries(refused),
          ...manager.explain(),
        }));
  manager.start();
  if (manager.decision.cpu.action === 'run') announcer.decision(manager.decision);
  try {
    await listenOnAll(gate, addressesOf(options), options, (where) => announcer.listening(where));
    service.ready();
    service.status(verdictText(manager.decision.cpu));
    const [, code] = await told;
    return code;
  } finally {
    service.stopping();
    await manager.stop();
    await gate.close();
    closeStatus?.();
    service.close();
  }
}

/** A signal that stops evaluators does not end the program. */
function watchedSignals({ rules }: CompleteManagerOptions): readonly string[] {
  return rules.flatMap(({ monitor, settings }) =>
    monitor === 'signal' ? (settings as { signal: string }).signal : [],
  );
}
