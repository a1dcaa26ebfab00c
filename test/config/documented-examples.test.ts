/** What the pages of docs/ and README.md show in JavaScript can be used. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { transform } from 'esbuild';
import { settingsOf } from '#src/service/index.js';
import { CHECKOUT, Machine, OPTIONS, OWN } from './support.js';

const EXAMPLES = ['README.md', ...readdirSync(path.join(CHECKOUT, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => {
    const page = readFileSync(path.join(CHECKOUT, name), 'utf8');
    return [...page.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, text = '']) => ({ name, text }));
  });

/** An object alone is a configuration. */
const isConfiguration = ({ text }: { text: string }): boolean => text.startsWith('{');

test('a Worker can start with each configuration that is shown', (t) => {
  const shown = EXAMPLES.filter(isConfiguration);
  assert.deepEqual([...new Set(shown.map(({ name }) => name))].sort(), [
    'docs/CONFIGURATION.md',
    'docs/OPERATING.md',
  ]);
  for (const { name, text } of shown) {
    const machine = new Machine(t);
    machine.write(OWN, text);
    assert.deepEqual(machine.warnings(), [], name);
    assert.doesNotThrow(() => settingsOf(machine.load().values, OPTIONS), name);
  }
});

test('each program that is shown compiles', async () => {
  for (const { name, text } of EXAMPLES.filter((example) => !isConfiguration(example)))
    await assert.doesNotReject(transform(text, { loader: 'js', format: 'esm', sourcefile: name }), name);
});
