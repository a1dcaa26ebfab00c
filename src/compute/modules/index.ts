/**
 * What makes the modules of a Job: a Work Function's file with its imports, and the packages it requires, become one
 * script that travels with the Job.
 */
export { bundleModules } from './bundle.js';
