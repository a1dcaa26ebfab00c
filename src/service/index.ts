export { bannedAdapters } from './banned-gpus.js';
export { evaluatorChoice } from './evaluator-choice.js';
export { keyOfField } from './key-of-field.js';
export type { Reread } from './live-settings.js';
export { runWorkerService } from './run.js';
export { settingsOf, type ServiceOptions } from './settings.js';
export { ServiceManager } from './service-manager.js';
