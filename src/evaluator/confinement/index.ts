export { Confinement, type ConfinedProcess } from './confinement.js';
export type { ConfinementMode } from './layers.js';
export { completeConfinement, CONFINEMENT_MODES, type ConfinementOptions } from './options.js';
export { remedyOf } from './remedies.js';
export { confinementText, missingLayers, type ConfinementReport } from './report.js';
