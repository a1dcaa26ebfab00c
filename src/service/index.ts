export type { ServiceSettings } from './settings.js';
export { WorkerService } from './worker-service.js';
