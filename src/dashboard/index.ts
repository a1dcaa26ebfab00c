export { dashboardProblem, openDashboard, type Dashboard, type DashboardOptions } from './dashboard.js';
