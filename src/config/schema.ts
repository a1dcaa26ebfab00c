/** Every key that the Worker knows, with what it may be and what it means. */
import { computeGroup } from './compute-group.js';
import { key, optional, section, type Values } from './key.js';
import {
  boolean,
  either,
  file,
  hours,
  keystore,
  list,
  listenAddress,
  map,
  none,
  number,
  oneOf,
  originRule,
  pattern,
  program,
  text,
  url,
  wholeNumber,
  zeroOrWholeNumber,
} from './types.js';

/** Sandboxes at a time, of all Jobs or of those that require WebGPU. */
const MOST_SANDBOXES = 1024;
const DAY_S = 86_400;

const live = { effect: 'live' } as const;

const cpuCores = wholeNumber(1, MOST_SANDBOXES);
const gpuCores = wholeNumber(0, MOST_SANDBOXES);
const cpuPart = number(0, 1, { above: true });
const gpuPart = number(0, 1);

const evaluatorPlace = text(
  '"child", "in-process", "host:port" or the path of a socket',
  /^(child|in-process|\.{0,2}\/.+|\S+:\d+)$/,
);

/** Those that the output "syslog" knows. */
const facility = text(
  'kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron, authpriv, ftp, kernel, system, audit, alert or local0 to local7',
  /^(kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|kernel|system|audit|alert|local[0-7])$/,
);

/** Which adapters a program wants. */
const gpuName = {
  expected: '"all" or the number of an adapter from 0 to 999',
  fits: (name: string) => /^(all|\d{1,3})$/.test(name),
};

/** How much of the machine the Worker uses; a profile says as much of it as it changes. */
const profile = (when: string) =>
  section({
    cores: section({
      cpu: optional(cpuCores, 'worker.cores.cpu', { description: `Sandboxes ${when}.`, ...live }),
      gpu: optional(gpuCores, 'worker.cores.gpu', { description: `Of these, for WebGPU, ${when}.`, ...live }),
    }),
    utilization: section({
      cpu: optional(cpuPart, 'worker.utilization.cpu', {
        description: `Part of cores.cpu ${when}.`,
        ...live,
      }),
      gpu: optional(gpuPart, 'worker.utilization.gpu', {
        description: `Part of cores.gpu ${when}.`,
        ...live,
      }),
    }),
    maxSandboxes: optional(cpuCores, 'worker.maxSandboxes', {
      description: `Most Sandboxes at a time ${when}.`,
      ...live,
    }),
  });

/** Origins for what existing Workers fetch by themselves; here it comes from the Scheduler. */
const unusedOrigins = (purpose: string) =>
  key(list(originRule()), [], {
    description: `Accepted from existing configurations: ${purpose} by way of the Scheduler here.`,
    ...live,
  });

const wage = (unit: string, what: string) =>
  key(number(0, Infinity), 0, {
    description: `Least pay for ${what}. An embedded Scheduler pays nobody: said at the start.`,
    unit,
    ...live,
  });

const worker = section({
  cores: section({
    cpu: optional(cpuCores, 'all cores of the machine', {
      description: 'Slices run at the same time.',
      ...live,
    }),
    gpu: optional(gpuCores, 'two for each adapter', {
      description: 'Of these, Slices of Jobs that require WebGPU; 0: such Jobs are not taken.',
      ...live,
    }),
  }),
  utilization: section({
    cpu: key(cpuPart, 1, {
      description: 'The part of cores.cpu that is used; at least one Sandbox is.',
      ...live,
    }),
    gpu: key(gpuPart, 1, { description: 'The part of cores.gpu that is used; 0: none.', ...live }),
  }),
  maxSandboxes: optional(cpuCores, 'cores times utilization', {
    description: 'No more Slices at the same time than this.',
    ...live,
  }),
  profiles: section({
    inUse: profile('while somebody uses the machine'),
    idle: profile('while nobody uses the machine'),
  }),
  profile: optional(oneOf('inUse', 'idle', 'auto'), 'neither', {
    description: 'Which of the profiles is in force; "auto": as manager.presence finds.',
    ...live,
  }),

  manager: section({
    stop: key(oneOf('freeze', 'kill'), 'kill', {
      description:
        'What happens to work while the machine is needed: it stands still, or is ended and done again.',
      ...live,
    }),
    freezeMinutes: key(number(0, 1440), 5, {
      description: 'Work that stands still for longer is ended, and its Slices go back.',
      unit: 'min',
      ...live,
    }),
    resumeAfter: optional(number(0, DAY_S), 'as docs/MANAGER.md says for each', {
      description: 'For so long nothing may be found any more before work goes on.',
      unit: 's',
      ...live,
    }),
    programs: key(list(program()), [], {
      description: 'Programs that want the machine for themselves.',
      ...live,
    }),
    gpuPrograms: key(
      map(list(program()), gpuName),
      {},
      {
        description: 'Programs that want GPUs for themselves.',
        ...live,
      },
    ),
    allowedHours: key(list(hours()), [], {
      description: 'When work may run, local time; an empty list: always.',
      ...live,
    }),
    maxLoad: optional(number(0, 100_000), 'not watched', {
      description: 'Load average of a minute above which nothing new is begun.',
      ...live,
    }),
    maxForeignCpu: optional(number(0, 100), 'not watched', {
      description: 'The part of all cores that other programs use above which work stops.',
      unit: '%',
      ...live,
    }),
    pressure: section({
      cpu: optional(number(1, 100), 'not watched', {
        description: 'The part of the time in which some task waits for a core above which work stops.',
        unit: '%',
        ...live,
      }),
      memory: optional(number(1, 100), 'not watched', {
        description: 'The same for memory.',
        unit: '%',
        ...live,
      }),
      io: optional(number(1, 100), 'not watched', {
        description: 'The same for a disk.',
        unit: '%',
        ...live,
      }),
    }),
    minMemory: optional(number(0, 100), 'not watched', {
      description: 'The part of the memory that must be available; with less work is ended.',
      unit: '%',
      ...live,
    }),
    maxTemperature: optional(number(20, 120), 'not watched', {
      description:
        'The temperature of a processor or GPU above which work stops; cards under the driver of NVIDIA are not seen.',
      unit: '°C',
      ...live,
    }),
    battery: section({
      pause: key(boolean(), false, {
        description: 'Work stops while the machine runs on its battery.',
        ...live,
      }),
      minPercent: optional(number(0, 100), 'not watched', {
        description: 'Charge of the batteries below which work stops, on mains, too.',
        unit: '%',
        ...live,
      }),
    }),
    presence: key(list(oneOf('session', 'screensaver', 'logind', 'pts', 'signal')), [], {
      description:
        'What tells that somebody uses the machine: work stops then, or with profile "auto" the profile is inUse.',
      ...live,
    }),
    presenceIdle: key(number(1, DAY_S), 30, {
      description: 'So long after the last key nobody uses a terminal any more.',
      unit: 's',
      ...live,
    }),
  }),

  paymentAddress: optional(text('an address, 0x and 40 hexadecimal digits', /^(0x)?[\da-f]{40}$/i), 'none', {
    description: 'Bank account that earnings go to. An embedded Scheduler pays nobody: it is shown.',
  }),
  minimumWage: section({
    CPU: wage('DCC per hour', 'CPU time'),
    GPU: wage('DCC per hour', 'GPU time'),
    in: wage('DCC per megabyte', 'data that comes in'),
    out: wage('DCC per megabyte', 'data that goes out'),
  }),

  allowOrigins: section({
    fetchWorkFunctions: unusedOrigins('Work Functions come'),
    fetchArguments: unusedOrigins('arguments of Jobs come'),
    fetchData: unusedOrigins('data of Slices come'),
    sendResults: unusedOrigins('results go'),
    any: key(list(originRule()), [], { description: 'Origins that Work Functions may fetch from.', ...live }),
  }),
  trustComputeGroupOrigins: key(boolean(), true, {
    description: 'Accepted from existing configurations: an embedded Scheduler names no origins.',
    ...live,
  }),
  bannedGPUs: key(
    map(pattern()),
    {},
    {
      description:
        'Adapters that Jobs do not get: a pattern for each field that describes them (device, vendor, …).',
    },
  ),

  computeGroups: key(list(either(computeGroup(), keystore())), [], {
    description:
      "Compute Groups to join: { joinKey, joinSecret }, { joinKey, joinHash } or keystore('path').",
    secret: true,
    ...live,
  }),
  jobAddresses: optional(
    either(list(text('the id of a Job, letters and digits', /^[a-z\d]+$/i)), none()),
    'any',
    {
      description: 'Take only these Jobs; an empty list: any.',
      ...live,
    },
  ),
  leavePublicGroup: key(either(boolean(), oneOf('fallback')), false, {
    description: 'Take no Jobs that are in no Compute Group; "fallback" is the same as publicGroupFallback.',
    ...live,
  }),
  publicGroupFallback: key(boolean(), false, {
    description: 'Take Jobs that are in no Compute Group only when those groups have none.',
    ...live,
  }),

  evaluator: key(evaluatorPlace, 'child', {
    description:
      'Slices run in processes of their own, in that of the Worker, for code that is trusted, or where a standing evaluator ' +
      'listens (dcp-evaluator --frames).',
  }),
  confinement: key(oneOf('require', 'best-effort', 'off'), 'best-effort', {
    description:
      'What the operating system keeps evaluator processes from: everything, or no start; what this machine allows; nothing.',
  }),
  evaluatorMemory: optional(wholeNumber(1024, 2 ** 20), 'as much as there is', {
    description: 'Memory of one evaluator process.',
    unit: 'MiB',
  }),
  lease: key(number(1, DAY_S), 60, {
    description: 'After this time without a sign of life others get the Slices.',
    unit: 's',
  }),
  stopTimeout: key(number(0, DAY_S), 10, {
    description: 'How long running Slices may take to end when the Worker is told to stop.',
    unit: 's',
    ...live,
  }),
  cleanupTimeout: key(number(0, DAY_S), 60, {
    description: 'After this time a Worker that is stopping ends whatever is left to do.',
    unit: 's',
    ...live,
  }),
  watchdogInterval: optional(number(0, Infinity), 'none', {
    description: 'Accepted from existing configurations; nothing here waits for a cycle.',
    unit: 'ms',
    ...live,
  }),
  spool: optional(
    file('folder'),
    '$STATE_DIRECTORY/spool, or dcp-worker/spool in $DCP_RESOURCE_DIR, $XDG_DATA_HOME/dcp or ~/.dcp',
    {
      description: 'Folder for results that a Scheduler has not taken yet.',
    },
  ),
  pidfile: optional(file(), 'none', {
    description: 'File for the process id where -f (--pidFile) names none.',
  }),

  output: key(
    list(oneOf('detect', 'console', 'json', 'dashboard', 'logfile', 'syslog', 'journald', 'event-log'), 8),
    ['detect'],
    {
      description: 'Where the Worker tells what it does; "detect" is what suits where it was started.',
    },
  ),
  reportInterval: optional(number(0.1, DAY_S, { orZero: true }), 'none', {
    description: 'Between summaries of what was done; 0: none.',
    unit: 's',
    ...live,
  }),
  logfile: section({
    path: optional(file(), 'none', { description: 'The file of the output "logfile".' }),
    maxBytes: key(zeroOrWholeNumber(4096, 2 ** 40), 10 * 2 ** 20, {
      description: 'A file that is this long is put aside; 0: never.',
      unit: 'bytes',
    }),
    keep: key(wholeNumber(0, 1000), 5, {
      description: 'How many of those put aside are kept.',
      unit: 'files',
    }),
  }),
  syslog: section({
    address: optional(
      text('a host name, or the path of a socket'),
      'loghost, or this machine where the network has none; /dev/log for unix',
      { description: 'Where syslog listens: a host, or for the transport "unix" the path of a socket.' },
    ),
    port: optional(wholeNumber(1, 65_535), '514, or 6514 for tls', { description: 'Its port.' }),
    facility: key(facility, 'local7', {
      description: 'Facility of the messages.',
    }),
    transport: key(oneOf('udp', 'tcp', 'tls', 'unix'), 'udp', { description: 'How messages get there.' }),
    ca: optional(file(), 'those of Node', {
      description: 'Certificates (PEM) that its own is checked against.',
    }),
    cert: optional(file(), 'none', {
      description: "The Worker's own certificate (PEM), for a server that asks for one.",
    }),
    key: optional(file(), 'none', { description: 'The key (PEM) of that certificate.' }),
  }),
  unhandledRejectionLog: optional(file(), 'none', {
    description: 'File that errors nobody has handled are appended to.',
    ...live,
  }),

  status: section({
    socket: optional(file('socket'), 'chosen by the Worker', {
      description:
        'Socket that dcp-worker status and the like ask; they look for another than the usual one where --status-socket or $DCP_WORKER_SOCKET says.',
    }),
    httpPort: optional(wholeNumber(0, 65_535), 'no page', {
      description: 'Port of the status page; 0: any.',
    }),
    httpAddress: key(listenAddress(), '127.0.0.1', {
      description: 'Address that the status page listens at.',
    }),
    tokenFile: optional(file(), 'none', {
      description: 'File with the token that the status page asks for.',
    }),
  }),
});

export const SCHEMA = section({
  worker,
  evaluator: section({
    listen: optional(url('dcpsaw:'), 'none', {
      description: 'Accepted from existing configurations; the Worker has its own evaluator.',
    }),
    location: optional(url('dcpsaw:'), 'evaluator.listen', { description: 'As evaluator.listen.' }),
  }),
  scheduler: section({
    location: optional(url('https:', 'http:', 'file:'), '$DCP_SCHEDULER_DIR, or ~/.dcp/scheduler', {
      description:
        'The Scheduler: the folder of an embedded one. Addresses (https, http) are known and refused as long as there are no others.',
    }),
  }),
  bank: section({
    location: optional(url('https:', 'http:'), 'none', { description: 'The bank that pays.' }),
  }),
});

/** What the places say together; null where none says anything and nothing is built in. */
export type ConfigValues = Values<typeof SCHEMA>;
