/** The process that classic Sandboxes are in when it is confined: how it is started, and what it does first. */
import { evaluatorEnvironment } from '../child-process/environment.js';
import {
  completeConfinement,
  Confinement,
  type ConfinementMode,
  type SeccompSetting,
} from '../confinement/index.js';
import { gpuArguments, type GpuOptions } from '../gpu/index.js';
import { loadNative } from '../native.js';
import { EVALUATOR_PROGRAM } from '../program.js';
import { closeStartupFiles, openStartupFiles, type OpenStartupFile } from './startup-files.js';

/** What `dcp-evaluator` was told of a confined process, as far as that one needs it. */
export interface ClassicSettings {
  readonly debugLevel: number;
  readonly v8Options: readonly string[];
  readonly threads: number | undefined;
  readonly spare: number | undefined;
  readonly gpu: GpuOptions | null;
}

/** What it was told besides, as JSON. */
export interface ConfinedSetup {
  readonly mode: ConfinementMode;
  readonly files: readonly OpenStartupFile[];
  /** The descriptor that has the launcher's report; null: whoever started it reads that, and hands over connections. */
  readonly report: number | null;
  readonly seccomp: SeccompSetting;
  /** It ends when it cannot confine itself so. */
  readonly requireSeccomp: boolean;
  /** Somebody has said already what evaluators are confined by. */
  readonly isTold: boolean;
}

/** The arguments for Node. */
export function confinedArguments(settings: ClassicSettings, setup: ConfinedSetup): string[] {
  const { debugLevel, v8Options, threads, spare, gpu } = settings;
  return [
    ...process.execArgv,
    EVALUATOR_PROGRAM,
    '--confined',
    JSON.stringify(setup),
    '--debug-level',
    String(debugLevel),
    ...v8Options.map((option) => `--options=${option}`),
    ...(threads === undefined ? [] : ['--threads', String(threads)]),
    ...(spare === undefined ? [] : ['--spare', String(spare)]),
    ...(gpu === null ? ['--no-gpu'] : gpuArguments(gpu)),
  ];
}

/** How processes of classic Sandboxes are confined. Throws `EvaluatorError` when all layers are required and there is no launcher. */
export function openConfinement(mode: ConfinementMode, gpu: GpuOptions | null): Confinement {
  return new Confinement({
    ...completeConfinement({ mode }),
    gpu: gpu !== null,
    env: evaluatorEnvironment(process.env),
  });
}

/** This process becomes one that is confined and serves the peer on its standard streams. `parent`: the process it ends with; null: none. */
export function beConfined(
  confinement: Confinement,
  {
    files,
    confinement: mode,
    parent,
    isTold,
    ...settings
  }: ClassicSettings & {
    readonly files: readonly string[];
    readonly confinement: ConfinementMode;
    readonly parent: number | null;
    readonly isTold: boolean;
  },
): never {
  const opened = openStartupFiles(files);
  try {
    return confinement.become(
      (report) =>
        confinedArguments(settings, { mode, files: opened, report, ...confinement.ofProcess, isTold }),
      opened.map(([, fd]) => fd),
      parent,
      evaluatorEnvironment(process.env),
    );
  } finally {
    closeStartupFiles(opened);
  }
}

/** This process ends when the one that started it does, however that ends. */
export function endWithParent(parent: number): void {
  const native = loadNative();
  native.endWithParent();
  // It may have ended before.
  if (process.ppid !== parent) native.exitNow(0);
}
