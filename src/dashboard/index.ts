export { dashboardProblem, openDashboard, type Dashboard } from './dashboard.js';
