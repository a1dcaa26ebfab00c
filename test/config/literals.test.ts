import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { KeystoreReference } from '#src/config/index.js';
import { Machine, OWN } from './support.js';

test('every literal of a .js file is read', (t) => {
  const machine = new Machine(t);
  machine.write(
    OWN,
    `/* a comment */
// and another
{
  worker: {
    cores: { 'cpu': 0x7, gpu: +2, },
    utilization: { cpu: .5 },
    allowOrigins: { any: [ \`https://a.example\`, "https://*.b.example", ], },
    bannedGPUs: { description: /D3D.*version\\s[0-2][0-9]/i, vendor: 'llvmpipe', device: undefined },
    computeGroups: [
      { joinKey: 'scott', joinSecret: 'tiger' },
      { joinKey: 'scott', joinHash: 'eh1-672937c2b944982e071185b888770f8b8ea67c11f56d545e403e0d513c609b87' },
      keystore('~/.dcp/scott'),
    ],
    paymentAddress: null,
    leavePublicGroup: 'fallback',
    jobAddresses: false,
  },
  evaluator: { listen: new URL('dcpsaw://localhost:9000/') },
  scheduler: { location: url('https://scheduler.example.com/') },
};
`,
  );
  const { values, warnings } = machine.load();
  assert.deepEqual(warnings, []);
  const { worker, evaluator, scheduler } = values;
  assert.deepEqual({ ...worker.cores }, { cpu: 7, gpu: 2 });
  assert.equal(worker.utilization.cpu, 0.5);
  assert.deepEqual(worker.allowOrigins.any, ['https://a.example', 'https://*.b.example']);
  assert.deepEqual(worker.bannedGPUs, { description: /D3D.*version\s[0-2][0-9]/i, vendor: 'llvmpipe' });
  assert.deepEqual(worker.computeGroups, [
    { joinKey: 'scott', joinSecret: 'tiger', joinHash: null },
    {
      joinKey: 'scott',
      joinSecret: null,
      joinHash: 'eh1-672937c2b944982e071185b888770f8b8ea67c11f56d545e403e0d513c609b87',
    },
    new KeystoreReference(machine.file('~/.dcp/scott')),
  ]);
  assert.equal(worker.paymentAddress, null);
  assert.equal(worker.leavePublicGroup, 'fallback');
  assert.equal(worker.jobAddresses, null);
  assert.equal(evaluator.listen?.href, 'dcpsaw://localhost:9000/');
  assert.equal(scheduler.location?.href, 'https://scheduler.example.com/');
});

test('JSON may have comments, and commas behind the last', (t) => {
  const machine = new Machine(t);
  machine.write('~/.dcp/dcp-config.json', '// one\n{ "worker": { "cores": { "cpu": 3, }, /* two */ }, }');
  machine.write('~/.dcp/dcp-worker/dcp-config.jsonc', '{ "worker": { "output": ["console", "json",] } }\n');
  const { worker } = machine.load().values;
  assert.equal(worker.cores.cpu, 3);
  assert.deepEqual(worker.output, ['console', 'json']);
});

test('a file whose contents are commented out says nothing', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, '// { worker: { cores: { cpu: 3 } } }\n');
  assert.equal(machine.load().values.worker.cores.cpu, null);
});

test('dcpConfig and the environment may be read, and nothing else', (t) => {
  const machine = new Machine(t);
  machine.write('/etc/dcp/dcp-config.js', "{ scheduler: { location: new URL('https://s.example:8443/x') } }");
  machine.write(
    OWN,
    `{
  worker: {
    allowOrigins: {
      any: [ dcpConfig.scheduler.location.origin ],
      fetchData: [ process.env.DATA ],
      sendResults: [ require('process').env.DATA, env['DATA'] ],
      fetchArguments: [ dcpConfig.scheduler.elsewhere.origin ],
    },
    lease: dcpConfig.worker.stopTimeout,
    cores: { cpu: dcpConfig.worker.cores.cpu, gpu: env.NOT_SET },
  },
}`,
  );
  const config = machine.load({ env: { DATA: 'https://data.example' } });
  const { allowOrigins, lease, cores } = config.values.worker;
  assert.deepEqual(allowOrigins.any, ['https://s.example:8443']);
  assert.deepEqual(allowOrigins.fetchData, ['https://data.example']);
  assert.deepEqual(allowOrigins.sendResults, ['https://data.example', 'https://data.example']);
  assert.equal(lease, 10);
  assert.deepEqual({ ...cores }, { cpu: null, gpu: null });
  assert.deepEqual(machine.warnings({ env: { DATA: 'https://data.example' } }), [
    `${OWN}:7:25: worker.allowOrigins.fetchArguments[0]: left out: nothing says what dcpConfig.scheduler.elsewhere.origin is`,
    `${OWN}:10:19: worker.cores.cpu: left out: nothing says what dcpConfig.worker.cores.cpu is`,
  ]);
});

test('what is no literal is not run, and named with its place', (t) => {
  const machine = new Machine(t);
  const trace = machine.file('trace');
  const touch = `require('fs').writeFileSync(${JSON.stringify(trace)}, '')`;
  machine.write(
    OWN,
    `{
  worker: {
    cores: { cpu: ${touch} },
    get lease() { ${touch}; return 5 },
    stopTimeout() { return 5 },
    cleanupTimeout: (() => { ${touch} })(),
    reportInterval: 2 * 3,
    ...globalThis.more,
    ['pidfile']: '/run/x',
    output,
    evaluator: \`\${${touch}}\`,
    profile: dcpConfig?.worker.profile,
    allowOrigins: { any: ['https://a.example', ${touch}] },
    jobAddresses: ['a', , 'b'],
    unhandledRejectionLog: new Function('return 1')(),
    leavePublicGroup: !1,
    maxSandboxes: 7n,
    spool: scheduler.location,
    computeGroups: [{ joinKey: 'a', joinSecret: decode('tiger') }],
    status: { socket: new URL('http://a', 'http://b') },
  },
}`,
  );
  const lines = machine.warnings();
  assert.equal(existsSync(trace), false);
  const said = lines.map((line) =>
    /^\S+:(\d+:\d+): (\S+): (\D+?), not run and left out: (.*)$/.exec(line)!.slice(1),
  );
  assert.deepEqual(
    said.map(([position, key, what]) => `${position} ${key} ${what}`),
    [
      '3:19 worker.cores.cpu no literal',
      '4:5 worker.lease an accessor',
      '5:5 worker.stopTimeout a function',
      '6:21 worker.cleanupTimeout no literal',
      '7:21 worker.reportInterval no literal',
      '8:5 worker a spread',
      '9:5 worker a computed key',
      '10:5 worker.output a variable',
      '11:16 worker.evaluator no literal',
      '12:14 worker.profile no literal',
      '13:48 worker.allowOrigins.any[1] no literal',
      '14:19 worker.jobAddresses[1] a missing element',
      '15:28 worker.unhandledRejectionLog no literal',
      '16:23 worker.leavePublicGroup no literal',
      '17:19 worker.maxSandboxes no literal',
      '18:12 worker.spool no literal',
      '19:49 worker.computeGroups[0].joinSecret no literal',
      '20:23 worker.status.socket no literal',
    ],
  );
  assert.equal(said[4]![3], '2 * 3');
  assert.equal(said[16]![3], '***');
  const { worker } = machine.load().values;
  assert.deepEqual(
    [worker.cores.cpu, worker.lease, worker.stopTimeout, worker.cleanupTimeout, worker.maxSandboxes],
    [null, 60, 10, 60, null],
  );
  // Not the half of it.
  assert.deepEqual(worker.allowOrigins.any, []);
  assert.equal(worker.jobAddresses, null);
});

test('a key that stands twice is a warning, and the last one counts', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, '{ worker: { lease: 5,\n  lease: 7,\n stopTimeout: 3, stopTimeout: f() } }');
  assert.deepEqual(machine.warnings(), [
    `${OWN}:2:3: worker.lease: stands here twice, first in line 1; this one counts`,
    `${OWN}:3:18: worker.stopTimeout: stands here twice, first in line 3; this one counts`,
    `${OWN}:3:31: worker.stopTimeout: no literal, not run and left out: f()`,
  ]);
  const { lease, stopTimeout } = machine.load().values.worker;
  assert.deepEqual([lease, stopTimeout], [7, 10]);
});

test('what is left out, or cannot be read, shows no secret', (t) => {
  const machine = new Machine(t);
  machine.write(
    OWN,
    `{ worker: {
  computeGroups: decode('key,tiger'),
  ...{ joinSecret: 'tiger' },
  sandboxOptions: Object.freeze({ password: 'tiger' }),
  lease: f(5),
} }`,
  );
  assert.deepEqual(machine.warnings(), [
    `${OWN}:2:18: worker.computeGroups: no literal, not run and left out: ***`,
    `${OWN}:3:3: worker: a spread, not run and left out: ***`,
    `${OWN}:4:19: worker.sandboxOptions: no literal, not run and left out: ***`,
    `${OWN}:5:10: worker.lease: no literal, not run and left out: f(5)`,
  ]);
  machine.write(OWN, "dcpConfig.worker.computeGroups = [{ joinKey: 'a', joinSecret: 'tiger' }];");
  assert.deepEqual(machine.errors(), [
    `${OWN}:1:1: expected an object literal, { … }; statements are not run: ***`,
  ]);
});

const WRONG: readonly (readonly [what: string, text: string, error: string])[] = [
  ['a brace that is missing', '{\n  worker: {\n', '3:1: unexpected end'],
  ['a comma that is missing', '{\n  worker: { lease: 5 stopTimeout: 3 } }', '2:22: unexpected "s"'],
  ['a string that does not end', "{\n  worker: 'abc\n}", '2:11: unterminated string constant'],
  ['a comment that does not end', '{ a: 1 /* \n', '1:8: unterminated comment'],
  ['a comment behind it that does not end', '{ a: 1 } /* \n', '1:10: unterminated comment'],
  ['something behind the object', '{ a: 1 }\n{ b: 1 }', '2:1: expected nothing more, found "{"'],
  ['two objects', '{ a: 1 },\n{ b: 1 }', '1:1: expected an object literal, { … }, and nothing behind it'],
  [
    'a statement',
    'dcpConfig.worker.lease = 5;\n',
    '1:1: expected an object literal, { … }; statements are not run: dcpConfig.worker.lease = 5;',
  ],
  [
    'a module',
    '// x\nmodule.exports = {}',
    '2:1: expected an object literal, { … }; statements are not run: module.exports = {}',
  ],
  ['nothing', '', '1:1: is empty; expected an object literal, { … }'],
  ['white space', ' \n\n', '3:1: is empty; expected an object literal, { … }'],
  [
    'a regular expression that is wrong',
    '{ a: /(/ }',
    '1:7: invalid regular expression: /(/: Unterminated group',
  ],
  [
    'a URL that is wrong',
    "{ scheduler: {\nlocation: new URL('nowhere') } }",
    '2:11: scheduler.location: expected a URL, got "nowhere"',
  ],
  ['a member of it', '{ worker: 1 }.worker', '1:1: expected an object literal, { … }, and nothing behind it'],
  [
    '__proto__',
    '{ worker: { __proto__: { lease: 5 } } }',
    '1:13: worker.__proto__: no key may have this name',
  ],
  ['"__proto__"', '{ "__proto__": 1 }', '1:3: __proto__: no key may have this name'],
  ['__proto__ twice', '{ __proto__: 1, __proto__: 2 }', '1:17: redefinition of __proto__ property'],
];

for (const [what, text, error] of WRONG)
  test(`${what} is an error with its place`, (t) => {
    const machine = new Machine(t);
    machine.write(OWN, text);
    assert.deepEqual(machine.errors(), [`${OWN}:${error}`]);
  });

const NOT_JSON: readonly (readonly [text: string, error: string])[] = [
  ['{ worker: 1 }', '1:3: expected a key in quotation marks, got worker'],
  ["{ 'worker': 1 }", "1:3: expected a key in quotation marks, got 'worker'"],
  ['{ "a": 0x10 }', '1:8: a: expected JSON, got 0x10'],
  ['{ "a": +1 }', '1:8: a: expected JSON, got +1'],
  ['{ "a": .5 }', '1:8: a: expected JSON, got .5'],
  ['{ "a": \'x\' }', "1:8: a: expected JSON, got 'x'"],
  ['{ "a": "\\x41" }', '1:8: a: expected JSON, got "\\x41"'],
  ['{ "a": undefined }', '1:8: a: expected JSON, got undefined'],
  ['{ "a": /x/ }', '1:8: a: expected JSON, got /x/'],
  ['{ "a": [1,,2] }', '1:8: a[1]: expected JSON, got [1,,2]'],
  ['{ "a": dcpConfig.x }', '1:8: a: expected JSON, got dcpConfig.x'],
  ['{ "joinSecret": f("tiger") }', '1:17: joinSecret: expected JSON, got ***'],
  ['{ ...x }', '1:3: expected JSON, got ...x'],
  ['{ "a": 1 };', '1:11: expected nothing more, found ";"'],
  ['[1]', '1:1: expected an object literal, { … }; statements are not run: [1]'],
];

for (const [text, error] of NOT_JSON)
  test(`${text} is no JSON`, (t) => {
    const machine = new Machine(t);
    machine.write('~/.dcp/dcp-config.json', text);
    assert.deepEqual(machine.errors(), [`~/.dcp/dcp-config.json:${error}`]);
  });
