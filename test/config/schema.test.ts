import assert from 'node:assert/strict';
import test from 'node:test';
import { KNOWN_KEYS, capacityOf, publicGroupOf, type ConfigArgument } from '#src/config/index.js';
import { SYSLOG_FACILITIES } from '#src/logging/index.js';
import { Machine, OWN } from './support.js';

/** The error of a value written in the file of this user, behind its place. */
function errorOf(machine: Machine, key: string, literal: string): string | undefined {
  machine.write(OWN, nested(key, literal));
  const errors = machine.errors();
  assert.ok(errors.length < 2, errors.join('\n'));
  return errors[0]?.replace(/^\S+?: /, '');
}

/** `{ worker: { cores: { cpu: LITERAL } } }` */
function nested(key: string, literal: string): string {
  return key.split('.').reduceRight((below, name) => `{ ${name}: ${below} }`, literal);
}

const origin = 'an origin (https://host, https://*.domain, https://*, *, or one of these behind "private:")';

/** Literals at the limits of a key that fit, and such that do not, with what is expected instead. */
const LIMITS: Readonly<Record<string, { fit: string[]; not: string[]; expected: string }>> = {
  'worker.cores.cpu': {
    fit: ['1', '1024'],
    not: ['0', '1025', '1.5', '"1"', 'true', '[]', '{}', '1e999'],
    expected: 'a whole number from 1 to 1024',
  },
  'worker.cores.gpu': { fit: ['0', '1024'], not: ['-1', '1025'], expected: 'a whole number from 0 to 1024' },
  'worker.maxSandboxes': {
    fit: ['1', '1024'],
    not: ['0', '1025'],
    expected: 'a whole number from 1 to 1024',
  },
  'worker.utilization.cpu': {
    fit: ['1e-9', '1'],
    not: ['0', '1.1', '-1', '"0.5"'],
    expected: 'a number above 0 up to 1',
  },
  'worker.utilization.gpu': { fit: ['0', '1'], not: ['-0.1', '1.1'], expected: 'a number from 0 to 1' },
  'worker.profiles.idle.cores.cpu': { fit: ['8'], not: ['0'], expected: 'a whole number from 1 to 1024' },
  'worker.profiles.inUse.utilization.gpu': { fit: ['0'], not: ['2'], expected: 'a number from 0 to 1' },
  'worker.profile': {
    fit: ['"idle"', '"inUse"', '"auto"'],
    not: ['"busy"', 'true'],
    expected: '"inUse", "idle" or "auto"',
  },
  'worker.manager.stop': {
    fit: ['"freeze"', '"kill"'],
    not: ['"hold"', 'true'],
    expected: '"freeze" or "kill"',
  },
  'worker.manager.freezeMinutes': {
    fit: ['0', '1440'],
    not: ['-1', '1441'],
    expected: 'a number from 0 to 1440',
  },
  'worker.manager.programs': {
    fit: ['[]', '["blender", "/opt/render/render"]'],
    not: ['"blender"', '5'],
    expected: 'a list of at most 1000, each the name of a program, or the absolute path of its file',
  },
  'worker.manager.gpuPrograms': {
    fit: ['{}', '{ all: ["steam"], "1": ["blender"] }'],
    not: ['["steam"]', '"steam"'],
    expected:
      'an object whose names are each "all" or the number of an adapter from 0 to 999, and whose values are each a list of at most 1000, each the name of a program, or the absolute path of its file',
  },
  'worker.manager.allowedHours': {
    fit: ['[]', '["mon-fri 22:00-06:00", "SAT,sun", "18:00-24:00"]'],
    not: ['"sat"', '5'],
    expected:
      'a list of at most 1000, each days and hours, as "mon-fri 22:00-06:00", "sat,sun" or "18:00-24:00"',
  },
  'worker.manager.maxTemperature': {
    fit: ['20', '120'],
    not: ['19', '121'],
    expected: 'a number from 20 to 120',
  },
  'worker.manager.presence': {
    fit: ['[]', '["pts", "logind"]'],
    not: ['"pts"', '{}'],
    expected: 'a list of at most 1000, each "session", "screensaver", "logind", "pts" or "signal"',
  },
  'worker.paymentAddress': {
    fit: ['"0x079DAC0612C710ab4e975dAb7171C7e4beF78c5a"', '"079dac0612c710ab4e975dab7171c7e4bef78c5a"'],
    not: ['"0x079"', '5', '"0x079DAC0612C710ab4e975dAb7171C7e4beF78c5a1"'],
    expected: 'an address, 0x and 40 hexadecimal digits',
  },
  'worker.minimumWage.CPU': {
    fit: ['0', '1e9'],
    not: ['-1e-9', '"1"', '1e999'],
    expected: 'a number from 0',
  },
  'worker.allowOrigins.any': {
    fit: ['[]', '["*", "private:https://a.example:8443"]'],
    not: ['"https://a.example"', '{ a: 1 }'],
    expected: `a list of at most 1000, each ${origin}`,
  },
  'worker.trustComputeGroupOrigins': {
    fit: ['true', 'false'],
    not: ['0', '"true"'],
    expected: 'true or false',
  },
  'worker.bannedGPUs': {
    fit: ['{}', '{ device: /a/, vendor: "b" }'],
    not: ['/a/', '[]'],
    expected: 'an object whose values are each a regular expression, or text to look for',
  },
  'worker.jobAddresses': {
    fit: ['[]', '["a"]', 'false'],
    not: ['"a"', '5'],
    expected: 'a list of at most 1000, each the id of a Job, letters and digits, or false',
  },
  'worker.leavePublicGroup': {
    fit: ['true', '"fallback"'],
    not: ['0', '"maybe"'],
    expected: 'true or false, or "fallback"',
  },
  'worker.evaluator': {
    fit: ['"child"', '"in-process"', '"localhost:9000"', '"[::1]:9000"', '"/run/evaluator.sock"'],
    not: ['"thread"', '9000', '""'],
    expected: '"child", "in-process", "host:port" or the path of a socket',
  },
  'worker.lease': { fit: ['1', '86400', '1.5'], not: ['0.9', '86401'], expected: 'a number from 1 to 86400' },
  'worker.stopTimeout': { fit: ['0', '86400'], not: ['-1', '86401'], expected: 'a number from 0 to 86400' },
  'worker.cleanupTimeout': {
    fit: ['0', '86400'],
    not: ['-1', '86401', '"60"'],
    expected: 'a number from 0 to 86400',
  },
  'worker.spool': {
    fit: ['"/var/spool"', '"~/spool"'],
    not: ['"spool"', '""', '"/a\\0b"', '5'],
    expected: 'an absolute path of a folder, or one that begins with ~/',
  },
  'worker.output': {
    fit: ['[]', '["console", "json"]'],
    not: ['"console"'],
    expected:
      'a list of at most 8, each "detect", "console", "json", "dashboard", "logfile", "syslog", "journald" or "event-log"',
  },
  'worker.reportInterval': {
    fit: ['0', '0.1', '86400'],
    not: ['0.01', '-1', '86401'],
    expected: '0, or a number from 0.1 to 86400',
  },
  'worker.status.httpAddress': {
    fit: ['"127.0.0.1"', '"::1"', '"0.0.0.0"', '"localhost"'],
    not: ['"foo"', '""', '"127.0.0.1:80"', '"256.0.0.1"'],
    expected: 'an IP address of this machine, or localhost',
  },
  'worker.logfile.maxBytes': {
    fit: ['0', '4096', '1099511627776'],
    not: ['1', '4095', '1099511627777', '-1'],
    expected: '0, or a whole number from 4096 to 1099511627776',
  },
  'worker.logfile.keep': { fit: ['0', '1000'], not: ['1001'], expected: 'a whole number from 0 to 1000' },
  'worker.syslog.port': {
    fit: ['1', '65535'],
    not: ['0', '65536'],
    expected: 'a whole number from 1 to 65535',
  },
  'worker.syslog.facility': {
    fit: Object.keys(SYSLOG_FACILITIES).map((name) => JSON.stringify(name)),
    not: ['"Local7"', '""', '"foo"', '"local8"'],
    expected:
      'kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron, authpriv, ftp, kernel, system, audit, alert or local0 to local7',
  },
  'worker.syslog.transport': {
    fit: ['"udp"', '"tcp"', '"tls"', '"unix"'],
    not: ['"http"'],
    expected: '"udp", "tcp", "tls" or "unix"',
  },
  'worker.status.httpPort': {
    fit: ['0', '65535'],
    not: ['-1', '65536'],
    expected: 'a whole number from 0 to 65535',
  },
  'evaluator.listen': {
    fit: ['"dcpsaw://localhost:9000/"'],
    not: ['"http://localhost/"', 'new URL("http://localhost/")', '"localhost"'],
    expected: 'a URL (dcpsaw://…)',
  },
  'scheduler.location': {
    fit: ['new URL("https://a/")', '"http://a/"', '"/var/lib/dcp"', '"~/.dcp/scheduler"', '"file:///x"'],
    not: ['"ws://a/"', '"relative"', '5'],
    expected: 'a URL (https://…, http://…, file://…), or an absolute path',
  },
};

for (const [key, { fit, not, expected }] of Object.entries(LIMITS))
  test(`${key} takes ${expected}`, (t) => {
    const machine = new Machine(t);
    for (const literal of fit) assert.equal(errorOf(machine, key, literal), undefined, literal);
    for (const literal of not) {
      const error = errorOf(machine, key, literal);
      assert.ok(error?.startsWith(`${key}: expected ${expected}, got `), `${literal}: ${error}`);
    }
  });

test('every key refuses what it cannot be, with its name and place', (t) => {
  const machine = new Machine(t);
  for (const { name, key } of KNOWN_KEYS) {
    const wrong = key.type.shapes.includes('pattern') || key.type.shapes.includes('object') ? '5' : '/x/';
    machine.write(OWN, nested(name, wrong));
    const [error = '', ...more] = machine.errors();
    const column = nested(name, wrong).indexOf(wrong) + 1;
    assert.ok(error.startsWith(`${OWN}:1:${column}: ${name}: expected ${key.type.expected}, got `), error);
    assert.deepEqual(more, []);
  }
});

test('elements of lists are named', (t) => {
  const machine = new Machine(t);
  assert.equal(
    errorOf(machine, 'worker.allowOrigins.any', '["https://a", "a.example"]'),
    `worker.allowOrigins.any[1]: expected ${origin}, got "a.example"`,
  );
  assert.equal(
    errorOf(machine, 'worker.bannedGPUs', '{ device: 5 }'),
    'worker.bannedGPUs.device: expected a regular expression, or text to look for, got 5',
  );
  assert.equal(
    errorOf(machine, 'worker.output', '["terminal"]'),
    'worker.output[0]: expected "detect", "console", "json", "dashboard", "logfile", "syslog", "journald" or "event-log", got "terminal"',
  );
});

test('a list of 1000 is read, one of 1001 is not', (t) => {
  const machine = new Machine(t);
  const list = (length: number): string =>
    JSON.stringify(Array.from({ length }, (_, index) => `job${index}`));
  assert.equal(errorOf(machine, 'worker.jobAddresses', list(1000)), undefined);
  assert.match(
    errorOf(machine, 'worker.jobAddresses', list(1001))!,
    /expected a list of at most 1000, .* got \[ "job0", .*…$/,
  );
});

test('errors of Compute Groups do not tell secrets', (t) => {
  const machine = new Machine(t);
  const error = (literal: string): string => errorOf(machine, 'worker.computeGroups', literal)!;
  const group = '{ joinKey, joinSecret } or { joinKey, joinHash }';
  assert.equal(
    error('[{ joinSecret: "tiger" }]'),
    `worker.computeGroups[0]: expected ${group}: there is no joinKey`,
  );
  assert.equal(
    error(`[{ joinKey: 'a', joinSecret: 'tiger', joinHash: 'eh1-${'0'.repeat(64)}' }]`),
    `worker.computeGroups[0]: expected ${group}: there are both joinSecret and joinHash`,
  );
  assert.equal(
    error("[{ joinKey: 'a', joinHash: 'eh1-tiger' }]"),
    'worker.computeGroups[0].joinHash: expected a join hash, eh1- and 64 hexadecimal digits, got text',
  );
  assert.equal(
    error("[{ joinKey: '' }]"),
    'worker.computeGroups[0].joinKey: expected the join key of a Compute Group, got an empty text',
  );
  assert.equal(
    error("[{ joinKey: 'a', secret: 'tiger' }]"),
    'worker.computeGroups[0].secret: there are joinKey, joinSecret and joinHash only',
  );
  assert.equal(
    error("'tiger'"),
    `worker.computeGroups: expected a list of at most 1000, each ${group}, or keystore('path'), got text`,
  );
});

test('all errors of all places are reported, place by place and line by line', (t) => {
  const machine = new Machine(t);
  machine.write(
    '~/.dcp/dcp-config.js',
    '{\n  worker: {\n    lease: "5",\n    cores: 7,\n  },\n  bank: 1,\n}',
  );
  machine.write(
    '/etc/dcp/dcp-worker/dcp-config.json',
    '{\n"worker": { "cores": { "cpu": "seven" } }, "scheduler": { "location": 5, } }',
  );
  machine.write('/etc/override/dcp/dcp-worker/dcp-config.js', '{ worker: { lease: 9 }');
  assert.deepEqual(machine.errors({ env: { DCP_CONFIG_worker_lease: 'x' } }), [
    '~/.dcp/dcp-config.js:3:12: worker.lease: expected a number from 1 to 86400, got "5"',
    '~/.dcp/dcp-config.js:4:12: worker.cores: expected an object, got 7',
    '~/.dcp/dcp-config.js:6:9: bank: expected an object, got 1',
    '/etc/dcp/dcp-worker/dcp-config.json:2:31: worker.cores.cpu: expected a whole number from 1 to 1024, got "seven"',
    '/etc/dcp/dcp-worker/dcp-config.json:2:71: scheduler.location: expected a URL (https://…, http://…, file://…), or an absolute path, got 5',
    '/etc/override/dcp/dcp-worker/dcp-config.js:1:23: unexpected end',
    '$DCP_CONFIG_worker_lease: worker.lease: expected a number from 1 to 86400, got "x"',
  ]);
});

test('hours, programs and GPUs to watch for are checked where they stand, overridden or not', (t) => {
  const machine = new Machine(t);
  machine.write(
    OWN,
    `{ worker: { manager: {
  allowedHours: ['sat', 'mon 25:00-02:00'],
  programs: ['a/b', 'steam'],
  gpuPrograms: { all: ['/a/b'], 1: ['c/'], foo: [] },
} } }`,
  );
  machine.write(
    '/etc/dcp/dcp-worker/dcp-config.js',
    '{ worker: { manager: { allowedHours: [], programs: [], gpuPrograms: { foo: undefined } } } }',
  );
  const program = 'expected the name of a program, or the absolute path of its file, got';
  assert.deepEqual(
    machine.errors().map((line) => line.slice(OWN.length + 1)),
    [
      '2:25: worker.manager.allowedHours[1]: expected days and hours, as "mon-fri 22:00-06:00", "sat,sun" or "18:00-24:00", got "mon 25:00-02:00"',
      `3:14: worker.manager.programs[0]: ${program} "a/b"`,
      `4:37: worker.manager.gpuPrograms["1"][0]: ${program} "c/"`,
      '4:49: worker.manager.gpuPrograms.foo: expected "all" or the number of an adapter from 0 to 999, got the name "foo"',
    ],
  );
});

test('an unknown key is a warning with the nearest name, where it is this Worker’s', (t) => {
  const machine = new Machine(t);
  machine.write(
    OWN,
    `{
  worker: { maxSandbox: 5, minimumwage: { CPU: 1 }, syslog: { prot: 514 }, sandboxOptions: {}, cores: { tpu: 1 } },
  scheduler: { locaton: 'x', services: { a: 1 } },
  Worker: {},
  somebodyElse: { cores: 'many' },
}`,
  );
  assert.deepEqual(
    machine.warnings().map((line) => line.slice(OWN.length + 1)),
    [
      '2:25: worker.maxSandbox: is no key of the Worker (did you mean maxSandboxes?)',
      '2:41: worker.minimumwage: is no key of the Worker (did you mean minimumWage?)',
      '2:69: worker.syslog.prot: is no key of the Worker (did you mean port?)',
      '2:92: worker.sandboxOptions: is no key of the Worker',
      '2:110: worker.cores.tpu: is no key of the Worker (did you mean cpu?)',
      '3:25: scheduler.locaton: is no key of the Worker (did you mean location?)',
      '4:11: Worker: is no key of the Worker (did you mean worker?)',
    ],
  );
});

test('paths and URLs are made whole', (t) => {
  const machine = new Machine(t);
  machine.write(
    OWN,
    "{ worker: { spool: '~/a/../b', pidfile: '/run//x.pid' }, scheduler: { location: '~/s %41#?' } }",
  );
  const { worker, scheduler } = machine.load().values;
  assert.equal(worker.spool, machine.file('~/b'));
  assert.equal(worker.pidfile, '/run/x.pid');
  assert.equal(scheduler.location?.protocol, 'file:');
  assert.equal(decodeURIComponent(scheduler.location?.pathname ?? ''), machine.file('~/s %41#?'));
});

test('values do not change', (t) => {
  const { values } = new Machine(t).load();
  assert.throws(() => Object.assign(values.worker.cores, { cpu: 5 }), TypeError);
});

test('a profile says as much as it changes', (t) => {
  const machine = new Machine(t);
  machine.write(
    OWN,
    '{ worker: { cores: { cpu: 8, gpu: 2 }, utilization: { cpu: 0.9 }, profiles: { inUse: { cores: { gpu: 0 }, utilization: { cpu: 0.25 }, maxSandboxes: 2 } } } }',
  );
  const { values } = machine.load();
  assert.deepEqual(capacityOf(values), {
    cores: { cpu: 8, gpu: 2 },
    utilization: { cpu: 0.9, gpu: 1 },
    maxSandboxes: null,
  });
  assert.deepEqual(capacityOf(values, 'inUse'), {
    cores: { cpu: 8, gpu: 0 },
    utilization: { cpu: 0.25, gpu: 1 },
    maxSandboxes: 2,
  });
  assert.deepEqual(capacityOf(values, 'idle'), capacityOf(values, null));
  const inUse = machine.load({ env: { DCP_CONFIG_worker_profile: 'inUse' } });
  assert.equal(capacityOf(inUse.values).maxSandboxes, 2);
});

test('leavePublicGroup is stronger than publicGroupFallback, and may mean it', (t) => {
  const machine = new Machine(t);
  const said = (worker: string): string => {
    machine.write(OWN, `{ worker: ${worker} }`);
    return publicGroupOf(machine.load().values);
  };
  assert.equal(said('{}'), 'always');
  assert.equal(said('{ leavePublicGroup: true }'), 'never');
  assert.equal(said('{ leavePublicGroup: true, publicGroupFallback: true }'), 'never');
  assert.equal(said('{ publicGroupFallback: true }'), 'fallback');
  assert.equal(said("{ leavePublicGroup: 'fallback' }"), 'fallback');
});

test('what means nothing without another key is a warning, wherever it stands', (t) => {
  const machine = new Machine(t);
  const warned = (): string[] => machine.warnings().map((line) => line.replace(`${OWN}:`, ''));
  const outputs = `{ worker: {
  logfile: { path: '/l', keep: 5 },
  syslog: { address: 'foo' },
  status: { httpAddress: '::1', tokenFile: '/t' },
} }`;
  assert.deepEqual(machine.warnings(), [], 'the shipped default says everything');
  machine.write(OWN, outputs);
  assert.deepEqual(warned(), [
    '2:20: worker.logfile.path: is not used: worker.output has no logfile',
    '3:22: worker.syslog.address: is not used: worker.output has no syslog',
    '4:26: worker.status.httpAddress: is not used: there is no worker.status.httpPort',
    '4:44: worker.status.tokenFile: is not used: there is no worker.status.httpPort',
  ]);
  machine.write(
    OWN,
    `{ worker: {
  profile: 'auto',
  manager: { presence: [], presenceIdle: 60 },
} }`,
  );
  assert.deepEqual(warned(), [
    '2:12: worker.profile: "auto" stays with idle: worker.manager.presence is empty, so nothing tells of somebody at the machine',
    '3:42: worker.manager.presenceIdle: is not used: worker.manager.presence has no pts',
  ]);
  for (const worker of [
    "profile: 'inUse'",
    "profile: 'auto', manager: { presence: ['pts'], presenceIdle: 60 }",
  ]) {
    machine.write(OWN, `{ worker: { ${worker} } }`);
    assert.deepEqual(machine.warnings(), [], worker);
  }
  machine.write(OWN, outputs);
  const argument = (key: string, value: string | number | string[]): ConfigArgument => ({
    key,
    value,
    option: '--o',
  });
  const argvLayer = [argument('worker.output', ['syslog', 'logfile']), argument('worker.status.httpPort', 0)];
  assert.deepEqual(machine.warnings({ argvLayer }), []);
  assert.deepEqual(new Machine(t).warnings({ argvLayer: [argument('worker.logfile.keep', 3)] }), [
    '--o: worker.logfile.keep: is not used: worker.output has no logfile',
  ]);
});
