/** Files that mean harm, or that no person wrote. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Machine, OWN } from './support.js';

const DEPTH = 100_000;

const DEEP: readonly (readonly [what: string, text: string])[] = [
  ['lists', `{ a: ${'['.repeat(DEPTH)}${']'.repeat(DEPTH)} }`],
  ['objects', `${'{a:'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`],
  ['parentheses', `{ a: ${'('.repeat(DEPTH)}1${')'.repeat(DEPTH)} }`],
  ['operators', `{ a: 1${'+1'.repeat(DEPTH)} }`],
  ['signs', `{ a: ${'- '.repeat(DEPTH)}1 }`],
  ['groups of a regular expression', `{ a: /${'('.repeat(DEPTH)}${')'.repeat(DEPTH)}/ }`],
];

for (const [what, text] of DEEP)
  test(`${DEPTH} ${what} within each other are an error`, (t) => {
    const machine = new Machine(t);
    machine.write(OWN, text);
    assert.deepEqual(machine.errors(), [`${OWN}:1:1: is nested deeper than 64 levels`]);
  });

test('of levels within each other 64 are read, and 65 are not', (t) => {
  const machine = new Machine(t);
  const nested = (lists: number): string => `{ a: ${'['.repeat(lists)}${']'.repeat(lists)} }`;
  machine.write(OWN, nested(64));
  assert.deepEqual(machine.errors(), []);
  machine.write(OWN, nested(65));
  assert.deepEqual(machine.errors(), [`${OWN}:1:70: a${'[0]'.repeat(64)}: is nested deeper than 64 levels`]);
});

const LONG: readonly (readonly [what: string, text: string])[] = [
  ['members', `{ worker: { lease: dcpConfig${'.origin'.repeat(DEPTH)} } }`],
  ['members of something else', `{ worker: { lease: x${'.y'.repeat(DEPTH)} } }`],
];

for (const [what, text] of LONG)
  test(`a chain of ${DEPTH} ${what} is left out`, (t) => {
    const machine = new Machine(t);
    machine.write(OWN, text);
    const [line, ...more] = machine.warnings();
    assert.match(line!, /:1:20: worker\.lease: .*left out/);
    assert.deepEqual(more, []);
    assert.ok(line!.length < 250, `${line!.length} characters`);
  });

const TEDIOUS: readonly (readonly [what: string, text: string])[] = [
  ['white space', `${' '.repeat(1_000_000)}{}`],
  ['white space behind it', `{}${'\n'.repeat(1_000_000)}`],
  ['comments', `${'//\n'.repeat(300_000)}{}`],
  ['keys', `{ ${Array.from({ length: 40_000 }, (_, index) => `k${index}: 1`).join(',')} }`],
  ['elements', `{ a: [${'1,'.repeat(200_000)}] }`],
];

for (const [what, text] of TEDIOUS)
  test(`a file full of ${what} is read`, (t) => {
    const machine = new Machine(t);
    machine.write(OWN, text);
    const before = performance.now();
    assert.deepEqual(machine.errors(), []);
    t.diagnostic(`${Math.round(performance.now() - before)} ms`);
  });

test('nothing is put on prototypes', (t) => {
  const machine = new Machine(t);
  machine.write(
    OWN,
    '{ constructor: { prototype: { polluted: 1 } }, worker: { toString: 1, hasOwnProperty: 2, bannedGPUs: { valueOf: /x/ } } }',
  );
  machine.write('~/.dcp/dcp-config.json', '{ "constructor": { "prototype": { "polluted": 2 } } }');
  const config = machine.load({ env: { DCP_CONFIG_CONSTRUCTOR: '{ prototype: { polluted: 3 } }' } });
  config.show('');
  config.dump();
  assert.equal(Reflect.get({}, 'polluted'), undefined);
  assert.equal(Reflect.get(config.values, 'polluted'), undefined);
  assert.deepEqual(Object.keys(config.values.worker.bannedGPUs), ['valueOf']);
  assert.deepEqual(
    config.warnings.map(({ key }) => key),
    ['worker.toString', 'worker.hasOwnProperty'],
  );
});

test('__proto__ is refused in the environment, too', (t) => {
  const machine = new Machine(t);
  assert.deepEqual(machine.errors({ env: { DCP_CONFIG_WORKER: '{ __proto__: { lease: 1 } }' } }), [
    '$DCP_CONFIG_WORKER:1:3: worker.__proto__: no key may have this name',
  ]);
  assert.deepEqual(machine.errors({ env: { DCP_CONFIG___PROTO__: '{ a: 1 }' } }), []);
  assert.equal(Reflect.get({}, 'a'), undefined);
});
