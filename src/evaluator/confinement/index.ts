export { Confinement, type ConfinedProcess } from './confinement.js';
export type { ConfinementMode, LayerState } from './layers.js';
export {
  completeConfinement,
  CONFINEMENT_MODES,
  type CompleteConfinement,
  type ConfinementOptions,
} from './options.js';
export { remedyOf } from './remedies.js';
export { confinementText, missingLayers, type ConfinementReport } from './report.js';
