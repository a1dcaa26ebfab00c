/** What `dcp-worker` was told, and the Worker that does it. */
import path from 'node:path';
import type { Command, OptionValues } from 'commander';
import { defaultSchedulerDirectory } from '../compute/index.js';
import {
  configChanges,
  loadConfig,
  problemText,
  publicGroupOf,
  reloadConfig,
  type Config,
} from '../config/index.js';
import { dashboardProblem } from '../dashboard/index.js';
import type { GpuOptions } from '../evaluator/index.js';
import { dcpDirectory } from '../identity/index.js';
import {
  bannedAdapters,
  evaluatorChoice,
  runWorkerService,
  settingsOf,
  type Reread,
  type ServiceOptions,
} from '../service/index.js';
import { asConfigured, configuredError } from './configured-error.js';
import type { DoctorSubject } from './doctor/index.js';
import { gpuOptionsOf } from './gpu-options.js';
import { identityOf } from './identity-options.js';
import { claimPidFile, DEFAULT_PID_FILE, makeFolderOf } from './pid-file.js';
import { programVersion, whenReaderGone } from './program.js';
import { defaultStatusSocket } from './status-socket.js';
import { configArgumentsOf } from './worker-options.js';

/** Runs until the Worker has stopped, or shows its configuration where that is asked for. */
export async function startWorker(program: Command, options: OptionValues): Promise<void> {
  const warn = (message: string): void => void process.stderr.write(`${program.name()}: ${message}\n`);
  const config = configOf(program);
  for (const warning of config.warnings) warn(problemText(warning));
  if (options['showConfig'] !== undefined || options['dumpConfig'] === true)
    return showConfig(config, options);

  const { paymentAddress: configured } = config.values.worker;
  const { address: identity, paymentAddress } = await identityOf(options, {
    warn,
    ...(configured === null ? {} : { configuredPaymentAddress: configured }),
  });
  const told = { ...(await toldBy(options, config)), identity, paymentAddress };
  const settings = asConfigured(config, () => settingsOf(config.values, told));
  claimPidFileOf(options, config, warn);
  let inForce = config;
  // What `dcp-worker profile` chose outlives a new configuration.
  let profile: Pick<ServiceOptions, 'profile'> = {};
  const running = runWorkerService(settings, {
    warn,
    whenReaderGone,
    withProfile(name) {
      return {
        settings: asConfigured(inForce, () => settingsOf(inForce.values, { ...told, profile: name })),
        explained: (error) => configuredError(error, inForce),
        accept: () => void (profile = { profile: name }),
      };
    },
    reread(): Reread {
      const next = reloadConfig(inForce);
      const changes = configChanges(inForce, next, config);
      const warnings = next.warnings.map(problemText);
      return {
        settings: asConfigured(next, () => settingsOf(next.values, { ...told, ...profile })),
        explained: (error) => configuredError(error, next),
        changes,
        warnings,
        accept: () => void (inForce = next),
      };
    },
  });
  await running.catch((error: unknown) => {
    throw configuredError(error, config);
  });
}

/** The Worker that the same options would start, for `dcp-worker doctor`. */
export async function doctorSubjectOf(program: Command, options: OptionValues): Promise<DoctorSubject> {
  const config = configOf(program);
  const told = { ...(await toldBy(options, config)), identity: null, paymentAddress: null };
  const { worker, statusSocket, outputs } = asConfigured(config, () => settingsOf(config.values, told));
  const evaluator = evaluatorChoice(config.values.worker.evaluator);
  return {
    scheduler: worker.scheduler,
    folders: [
      worker.scheduler,
      ...(worker.spool ? [worker.spool] : []),
      ...outputs.flatMap((output) => (output.kind === 'logfile' ? path.dirname(output.file) : [])),
      path.dirname(statusSocket.path),
    ],
    evaluator: typeof evaluator === 'string' ? null : evaluator,
    confinement: worker.confinement ?? {},
    gpu: told.gpu,
    jobIds: worker.jobIds ?? null,
    computeGroups: worker.computeGroups ?? [],
    publicGroup: publicGroupOf(config.values),
    allowedOrigins: worker.allowedOrigins ?? [],
  };
}

function configOf(program: Command): Config {
  return loadConfig({ program: program.name(), argvLayer: configArgumentsOf(program) });
}

async function toldBy(
  options: OptionValues,
  config: Config,
): Promise<Omit<ServiceOptions, 'identity' | 'paymentAddress'>> {
  return {
    version: programVersion(),
    gpu: await allowedGpus(gpuOptionsOf(options), config),
    exitWhenIdle: options['exitWhenIdle'] === true,
    json: options['json'] === true,
    verbose: options['verbose'] === true,
    canDraw: dashboardProblem({ input: process.stdin, output: process.stdout }) === null,
    uncaughtLog: variable('DCP_WORKER_UNHANDLED_REJECTION_LOG'),
    defaultScheduler: defaultSchedulerDirectory(),
    defaultSpool: defaultSpool(),
    defaultStatusSocket: defaultStatusSocket(),
  };
}

/** What the options leave, less what the configuration bans. */
async function allowedGpus(gpu: GpuOptions | null, { values }: Config): Promise<GpuOptions | null> {
  if (gpu === null) return null;
  const banned = await bannedAdapters(values.worker.bannedGPUs, gpu);
  return { ...gpu, bannedAdapters: [...(gpu.bannedAdapters ?? []), ...banned] };
}

/** Results that the Scheduler has not recorded outlive the Worker there. */
function defaultSpool(): string {
  // systemd names several, with colons between them.
  const state = variable('STATE_DIRECTORY')?.split(':', 1)[0];
  return path.join(state ?? path.join(dcpDirectory(), 'dcp-worker'), 'spool');
}

/** Of the environment; one that is empty says nothing. */
function variable(name: string): string | null {
  const value = process.env[name];
  return value === undefined || value === '' ? null : value;
}

function showConfig(config: Config, options: OptionValues): void {
  const { showConfig: at, json } = options as { showConfig?: string | true; json?: true };
  process.stdout.write(`${at === undefined ? config.dump() : shownAt(at === true ? '' : at)}\n`);

  function shownAt(path: string): string {
    return json ? JSON.stringify(config.entries(path), null, 2) : config.show(path).join('\n');
  }
}

function claimPidFileOf(
  { pidFile }: { pidFile?: string | true },
  { values }: Config,
  warn: (message: string) => void,
): void {
  if (pidFile === undefined) return;
  const file = pidFile === true ? (values.worker.pidfile ?? DEFAULT_PID_FILE) : pidFile;
  if (pidFile === true) makeFolderOf(file);
  claimPidFile(file, warn);
}
