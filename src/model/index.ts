export * from './errors.js';
export * from './fetch.js';
export { cut, harmlessJson, harmlessLines, oneLine, printable } from './harmless.js';
export * from './job.js';
export * from './job-event.js';
export { checkNames } from './names.js';
export { knownName, nearest, nearestText } from './nearest.js';
export * from './origins.js';
export * from './payload.js';
export { isProgramName } from './program-name.js';
export {
  checkRequirementNames,
  checkRequirements,
  requiredInVain,
  requiredInVainText,
} from './requirements.js';
export * from './slice-batch.js';
export * from './slice-metrics.js';
export * from './task.js';
export { shown } from './shown.js';
export * from './webgpu.js';
export { isWithin, parseHours, type Hours } from './week.js';
export {
  bytesText,
  countText,
  durationText,
  percentText,
  placesText,
  rateText,
  slicesText,
} from './wording.js';
