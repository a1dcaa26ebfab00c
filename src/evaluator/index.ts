export type {
  Evaluator,
  EvaluatorGate,
  GateAction,
  GatedWork,
  Sandbox,
  SandboxEndError,
  SandboxJob,
  SandboxLimits,
  SandboxObserver,
  SandboxRequest,
  SliceRejection,
} from './evaluator.js';
export {
  askForGpus,
  completeGpuOptions,
  GPU_OPTIONS,
  gpuArguments,
  type FoundGpus,
  type GpuOptions,
  type GpuReport,
} from './gpu/index.js';
export { probeGpu } from './gpu/probe.js';
export { runSingleSlice } from './single-slice.js';
export { MAX_MIB, MIN_HEAP_MIB, SANDBOX_LIMIT_RANGES } from './options.js';
export type { InspectOptions } from './inspector/index.js';
export { openInProcessEvaluator, type InProcessEvaluatorOptions } from './in-process/evaluator.js';
export { evaluatorEnvironment } from './child-process/environment.js';
export { howItEnded, isWithoutStreams } from './child-process/process.js';
export { Freezer, type FreezeMeans } from './child-process/freezer.js';
export { isAnyStopped } from './child-process/process-tree.js';
export { PeerWatch } from './peer-watch.js';
export { StderrLog } from './child-process/stderr-log.js';
export {
  openChildProcessEvaluator,
  type ChildProcessEvaluator,
  type ChildProcessEvaluatorOptions,
} from './child-process/evaluator.js';
export {
  completeConfinement,
  CONFINEMENT_MODES,
  confinementText,
  missingLayers,
  parseSeccomp,
  remedyOf,
  removeCgroupOf,
  type Confinement,
  type ConfinementMode,
  type ConfinementOptions,
  type ConfinementReport,
  type SeccompSetting,
} from './confinement/index.js';
export { serveFrames } from './peer/serve.js';
export type { EvaluatorOffer } from './peer/offer.js';
export { openRemoteEvaluator, type RemoteEvaluatorOptions } from './remote/evaluator.js';
export { FrameListener } from './remote/listener.js';
export { checkLocation, locationText, type EvaluatorLocation } from './remote/location.js';
export type { StartupFile } from './classic/sandbox.js';
export { openClassicServer, type ClassicServer } from './classic/server.js';
export { ListeningServer, type ListenAddress } from './listening.js';
export { EVALUATOR_PROGRAM } from './program.js';
export { openSandboxClass, type InProcessWorker, type SandboxClass } from './classic/sandbox-class.js';
export type { ClassicOptions } from './classic/open.js';
export {
  beConfined,
  endWithParent,
  openConfinement,
  type ClassicSettings,
  type ConfinedSetup,
} from './classic/confined.js';
export { openClassicListener, type ClassicListener } from './classic/listener.js';
export { serveConfinedStreams, serveHandedOver, type ConfinedServerOptions } from './classic/serve.js';
export { readStartupFiles, StartupFiles, type StartupFilesOptions } from './classic/startup-files.js';
