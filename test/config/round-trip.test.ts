import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Machine } from './support.js';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** `dump` hides what has a secret's name; no configuration has `__proto__`. */
const names = fc
  .string({ unit: 'grapheme', maxLength: 8 })
  .filter((name) => !/__proto__|secret|token|cookie|password/i.test(name));
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 4 }) as fc.Arbitrary<Json>,
  ),
}));

/** JSON as it is, JSON over many lines, and the same as JavaScript with a comment. */
const WRITERS: Readonly<Record<string, (written: Json) => string>> = {
  'dcp-config.json': (written) => JSON.stringify(written),
  'dcp-config.jsonc': (written) => `// a comment\n${JSON.stringify(written, null, 2)}\n`,
  'dcp-config.js': (written) => `/* a comment */ ${JSON.stringify(written, null, '\t')}; // another`,
};

for (const [file, write] of Object.entries(WRITERS))
  test(`whatever JSON says in ${file} is read back the same`, (t) => {
    const machine = new Machine(t);
    fc.assert(
      fc.property(value, (said) => {
        machine.write(`~/.dcp/${file}`, write({ zz: { said } }));
        const config = machine.load();
        assert.deepEqual(config.warnings, []);
        const { zz } = JSON.parse(config.dump()) as { zz: { said: Json } };
        assert.deepEqual(zz, JSON.parse(JSON.stringify({ said })));
      }),
      { numRuns: 30 },
    );
  });
