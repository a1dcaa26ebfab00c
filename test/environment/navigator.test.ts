/** navigator and what surrounds it: enough to tell where one is, nothing of the machine. */
import assert from 'node:assert/strict';
import { cpus, hostname } from 'node:os';
import test from 'node:test';
import { inSandbox } from './oracle.js';

test('navigator names the program and no machine', async (t) => {
  const seen = await inSandbox(
    t,
    `() => {
      const values = {};
      for (const key in navigator) values[key] = navigator[key];
      return values;
    }`,
  );
  assert.deepEqual(seen, {
    appCodeName: 'Mozilla',
    appName: 'Netscape',
    appVersion: '4.0',
    platform: '',
    product: 'Gecko',
    userAgent: 'dcp-worker-native',
    language: 'en',
    languages: ['en'],
    onLine: false,
    hardwareConcurrency: 1,
  });
  const text = JSON.stringify(seen);
  for (const detail of [hostname(), process.arch, process.platform, process.version, cpus()[0]!.model]) {
    assert.ok(!text.includes(detail), detail);
  }
});

test('it is a WorkerNavigator that nobody else can make or change', async (t) => {
  const seen = await inSandbox(
    t,
    `() => {
      'use strict';
      const errors = [];
      for (const attempt of [
        () => new WorkerNavigator(),
        () => { navigator.hardwareConcurrency = 64; },
        () => { navigator.languages.push('de'); },
        () => Object.getOwnPropertyDescriptor(WorkerNavigator.prototype, 'userAgent').get.call({}),
      ]) try { attempt(); } catch (error) { errors.push(error.name); }
      return [String(navigator), navigator instanceof WorkerNavigator, errors, navigator.hardwareConcurrency];
    }`,
  );
  assert.deepEqual(seen, [
    '[object WorkerNavigator]',
    true,
    ['TypeError', 'TypeError', 'TypeError', 'TypeError'],
    1,
  ]);
});

test('self is the global object, and there is no location', async (t) => {
  assert.deepEqual(
    await inSandbox(
      t,
      `() => [self === globalThis, self.self === self, typeof location, 'location' in self]`,
    ),
    [true, true, 'undefined', false],
  );
});
