export { bannedAdapters } from './banned-gpus.js';
export { evaluatorChoice } from './evaluator-choice.js';
export { runWorkerService } from './run.js';
export { settingsOf, type ServiceOptions } from './settings.js';
export type { Reread } from './worker-service.js';
export { ServiceManager } from './service-manager.js';
