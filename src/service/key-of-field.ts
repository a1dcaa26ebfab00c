/** What parts of a Worker call a value that they refuse, and the key of the configuration that it is of. */
const KEYS: Readonly<Record<string, string>> = {
  // logging
  outputMode: 'worker.output',
  output: 'worker.output',
  logfile: 'worker.logfile.path',
  logfileBytes: 'worker.logfile.maxBytes',
  logfileKeep: 'worker.logfile.keep',
  syslogAddress: 'worker.syslog.address',
  syslogFacility: 'worker.syslog.facility',
  syslogTransport: 'worker.syslog.transport',
  syslogPort: 'worker.syslog.port',
  syslogCa: 'worker.syslog.ca',
  syslogCert: 'worker.syslog.cert',
  syslogKey: 'worker.syslog.key',
  // status
  socket: 'worker.status.socket',
  'http.port': 'worker.status.httpPort',
  'http.address': 'worker.status.httpAddress',
  // Whoever lets other machines read it must have said a token.
  'http.token': 'worker.status.httpAddress',
  // Scheduler and Supervisor
  directory: 'scheduler.location',
  computeGroups: 'worker.computeGroups',
  leavePublicGroup: 'worker.leavePublicGroup',
  publicGroupFallback: 'worker.publicGroupFallback',
  jobIds: 'worker.jobAddresses',
  allowedOrigins: 'worker.allowOrigins.any',
  spool: 'worker.spool',
  // evaluator
  confinement: 'worker.confinement',
};

/** The same of monitors, whose fields are `monitors.load.max` or `monitors.program[1].target`. */
const MONITOR_KEYS: Readonly<Record<string, string>> = {
  load: 'maxLoad',
  'foreign-cpu': 'maxForeignCpu',
  memory: 'minMemory',
  battery: 'battery.minPercent',
  temperature: 'maxTemperature',
  program: 'programs',
  schedule: 'allowedHours',
  pts: 'presenceIdle',
  session: 'presence',
  screensaver: 'presence',
  logind: 'presence',
  signal: 'presence',
};

/** The key of an `InvalidArgumentError`'s or a `ListenError`'s field, `computeGroups[1]` or `worker.computeGroups[1]`, without what is in brackets. */
export function keyOfField(field: string): string {
  const monitor = /^worker\.manager, monitors\.([a-z-]+)/.exec(field)?.[1] ?? '';
  if (Object.hasOwn(MONITOR_KEYS, monitor)) return `worker.manager.${MONITOR_KEYS[monitor]}`;
  const name = field.replace(/\[.*$/s, '');
  return Object.hasOwn(KEYS, name) ? KEYS[name]! : name;
}
