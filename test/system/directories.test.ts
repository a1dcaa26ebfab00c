import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { makeDirectory } from '#src/system/index.js';
import { temporaryDirectory } from '../logging/support/records.js';

test('a directory is made with those above it, and may be there', (t) => {
  const directory = path.join(temporaryDirectory(t), 'a/b');
  for (let times = 0; times < 2; times++) makeDirectory(directory, 0o700);
  for (const made of [directory, path.dirname(directory)]) assert.equal(statSync(made).mode & 0o777, 0o700);
});

test('where none can be made the first of them is named, under /proc too', () => {
  assert.throws(() => makeDirectory('/proc/none/such'), /ENOENT.*mkdir '\/proc\/none'/);
  assert.throws(() => makeDirectory('/dev/null/such'), /^Error: \/dev\/null is there, and is no directory$/);
});
