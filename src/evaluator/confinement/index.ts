export { removeCgroupOf } from './cgroup.js';
export { Confinement, takeReport, type ConfinedProcess } from './confinement.js';
export { LAYERS, type ConfinementMode, type LayerState } from './layers.js';
export { confineCalls, narrowCalls } from './seccomp.js';
export { parseSeccomp, type CallProfile, type SeccompSetting } from './seccomp-setting.js';
export { completeConfinement, CONFINEMENT_MODES, type ConfinementOptions } from './options.js';
export { remedyOf } from './remedies.js';
export { confinementText, missingLayers, withLayers, type ConfinementReport } from './report.js';
