/** Texts of failures are messages to people, however long somebody makes them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { start } from './support.js';
import { openEvaluator } from './tested.js';

for (const method of ['slice', 'replace'])
  test(`the text of an end is 64 KiB at most, also where String.prototype.${method} is the Work Function's`, async (t) => {
    const work = `(() => { String.prototype.${method} = () => '\\u4e00'.repeat(1e6); throw new Error('y'.repeat(70_000)); })()`;
    const evaluator = await openEvaluator(t);
    await assert.rejects(start(evaluator, work), (error: Error) => {
      assert.equal(error.name, 'WorkFunctionError');
      const bytes = Buffer.byteLength(error.message);
      assert.ok(bytes > 60_000 && bytes <= 66_000, `${bytes} bytes`);
      return true;
    });
  });
