/** Numbers as the dashboard writes them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytes, count, counted, elapsed, percent, rate, timeOfDay } from '#src/dashboard/layout/figures.js';
import { NOON } from './support.js';

test('counts have separators, and units from a million on', () => {
  assert.deepEqual([0, 999, 1000, 12_345, 999_999].map(count), ['0', '999', '1,000', '12,345', '999,999']);
  assert.deepEqual([1e6, 45.6e6, 999.4e6, 999.6e6, 7e12].map(count), [
    '1.00M',
    '45.6M',
    '999M',
    '1.00G',
    '7.00T',
  ]);
  assert.equal(count(1e30), '>999P');
  assert.equal(counted(1, 'Slice'), '1 Slice');
  assert.equal(counted(2000, 'Slice'), '2,000 Slices');
});

test('rates have one decimal place below a hundred', () => {
  assert.deepEqual([0, 0.01, 0.44, 41.23, 99.96, 1234.5].map(rate), [
    '0',
    '<0.1',
    '0.4',
    '41.2',
    '100',
    '1,235',
  ]);
});

test('parts, bytes and times of day', () => {
  assert.deepEqual([0, 0.005, 0.874, 1].map(percent), ['0%', '1%', '87%', '100%']);
  assert.deepEqual([0, 1023, 1536, 34 * 2 ** 20, 2 ** 40].map(bytes), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '34 MiB',
    '1.0 TiB',
  ]);
  assert.equal(timeOfDay(NOON + 3_661_000), '13:01:01');
});

test('durations grow from milliseconds to days', () => {
  const cases: [number, string][] = [
    [-5, '0 ms'],
    [4.24, '4.2 ms'],
    [9.96, '10 ms'],
    [850.4, '850 ms'],
    [999.7, '1.0 s'],
    [59_940, '59.9 s'],
    [59_960, '1:00'],
    [723_000, '12:03'],
    [11_525_000, '3:12:05'],
    [184_320_000, '2 d 3:12'],
  ];
  for (const [ms, text] of cases) assert.equal(elapsed(ms), text);
});
