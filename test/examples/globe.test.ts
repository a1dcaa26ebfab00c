/** The example of a Work Function in a file of its own, with packages, JSON and WebAssembly. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { PNG } from 'pngjs';
import { createCompute, type Compute, type Job } from '#src/compute/index.js';
import { example } from './example.js';

interface JobModule {
  default(this: void, compute: Compute, options: { args: string[] }): Job<Uint8Array>;
  done(this: void, pictures: Uint8Array[], options: { outputDirectory: string }): Promise<void>;
}

const SIZE = 120;
const OCEAN = '14304d';
const LAND = '9fc28a';

test('the globe turns: the middle of each picture is what lies at that longitude', async (t) => {
  const { default: globe, done } = await example<JobModule>('globe/job.mjs');
  const job = globe(createCompute(), { args: ['12', String(SIZE)] });
  job.on('error', ({ error }) => t.diagnostic(error.stack!));
  const pictures = [...(await job.localExec(2))] as Uint8Array[];
  // At 20° north: the Sahara, Arabia, India, …, the Pacific, Mexico, the Atlantic.
  const middles = pictures.map((png) => {
    const { width, height, data } = PNG.sync.read(Buffer.from(png));
    assert.deepEqual([width, height], [SIZE, SIZE]);
    // Beside the middle, where a line of the net runs.
    const at = ((SIZE / 2 + 3) * SIZE + SIZE / 2 + 3) * 4;
    return data.subarray(at, at + 3).toString('hex');
  });
  const name: Record<string, string> = { [OCEAN]: 'ocean', [LAND]: 'land' };
  const seen = middles.map((colour) => name[colour] ?? colour);
  assert.deepEqual(
    [0, 30, 150, 180, 210, 300, 330].map((longitude) => seen[longitude / 30]),
    ['land', 'land', 'ocean', 'ocean', 'ocean', 'ocean', 'ocean'],
    seen.join(' '),
  );

  const outputDirectory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  t.after(() => rmSync(outputDirectory, { recursive: true, force: true }));
  t.mock.method(console, 'log', () => undefined);
  await done(pictures, { outputDirectory });
  assert.equal(readdirSync(outputDirectory).length, 13);
  assert.deepEqual(
    readFileSync(path.join(outputDirectory, 'globe-002.png')),
    Buffer.from(pictures[1]!),
    'the picture of the second Slice',
  );
  assert.match(readFileSync(path.join(outputDirectory, 'globe.html'), 'utf8'), /"globe-012\.png"\]/);
});
