/** `npm run conformance` on a small suite of our own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gpuMissing } from '../gpu/support.js';
import { SUITE_GLOBAL } from './bundle.js';
import type { CaseResult, Status } from './case.js';
import { compare } from './compare.js';
import { openDawnNode } from './dawn-node.js';
import { writeSmallSuite } from './fixtures/small-suite.js';
import { reasonFor } from './known-differences.js';

const PROGRAM = fileURLToPath(new URL('./conformance.js', import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), 'conformance-test-'));
after(() => rmSync(folder, { recursive: true }));
const suite = path.join(folder, 'suite');
writeSmallSuite(suite);
/** Where the program has what it needs for a while. */
const scratch = path.join(folder, 'scratch');
mkdirSync(scratch);
const skip = await gpuMissing();

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(...args: string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, TMPDIR: scratch } });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

interface Report {
  readonly version: string | null;
  readonly queries: string[];
  readonly counts: Record<'sandbox' | 'dawnNode', Record<Status, number>>;
  readonly worse: { query: string; reason: string | null }[];
  readonly better: { query: string }[];
  readonly skips: { query: string }[];
  readonly cases: { query: string; sandbox: CaseResult; dawnNode: CaseResult }[];
}

async function runWithReport(...args: string[]): Promise<Ran & { report: Report }> {
  const json = path.join(folder, 'report.json');
  const ran = await run('--cts', suite, '--json', json, ...args);
  return { ...ran, report: JSON.parse(readFileSync(json, 'utf8')) as Report };
}

/** The last part of each query with what both engines say. */
function statuses(report: Report): string[][] {
  return report.cases.map(({ query, sandbox, dawnNode }) => [
    query.split(':').slice(2).join(':'),
    sandbox.status,
    dawnNode.status,
  ]);
}

test('what cannot be run', { concurrency: 4 }, async (t) => {
  const half = path.join(folder, 'half');
  const wrong = path.join(folder, 'wrong');
  for (const each of [half, wrong]) writeSmallSuite(each);
  rmSync(path.join(half, 'src/common/internal/logging/logger.ts'));
  writeFileSync(path.join(wrong, 'src/webgpu/one/differ.spec.ts'), "import './nowhere.js';");
  const bad: [args: string[], message: RegExp][] = [
    [[], /--cts <checkout> is missing/],
    [['--cts', path.join(folder, 'nowhere')], /there is no .*nowhere/],
    [['--cts', folder], /no checkout of gpuweb\/cts: it has no .*file_loader\.ts/],
    [['--cts', half], /it has no .*logger\.ts/],
    [['--cts', suite, 'webgpu:nothing,*'], /query webgpu:nothing,\*: no spec file in .* matches it/],
    [['--cts', suite, 'unittests:*'], /must begin with "webgpu:"/],
    [['--cts', suite, 'webgpu:both,agree'], /must be like/],
    [['--cts', suite, 'webgpu:both,agree::'], /query webgpu:both,agree::: a test has a name/],
    [['--cts', suite, 'webgpu:both,agree:no:*'], /query webgpu:both,agree:no:\*: no case matches it/],
    [['--cts', suite, '--per-slice', '0'], /--per-slice 0: it must be a whole number from 1 to 100000/],
    [['--cts', suite, '--case-timeout', 'long'], /--case-timeout long/],
    [['--cts', suite, '--minutes', '0'], /--minutes 0: it must be a number above 0/],
    [['--cts', suite, '--sample', '0'], /--sample 0: it must be a whole number from 1 to 100000/],
    [['--cts', suite, '--seat', 'slice'], /--seat slice: it must be "test" or "file"/],
    [['--cts', suite, '--nonsense'], /nonsense/],
    [['--cts', wrong, 'webgpu:one,*'], /cannot be bundled: .*nowhere\.js/s],
  ];
  await Promise.all(
    bad.map(([args, message]) =>
      t.test(args.join(' ').replaceAll(folder, '') || 'nothing', async () => {
        const { code, err } = await run(...args);
        assert.match(err, message);
        assert.doesNotMatch(err, /\n\s+at /);
        assert.equal(code, 2);
      }),
    ),
  );
});

test('lists cases and says what it can', async () => {
  const { code, out } = await run('--cts', suite, '--list', 'webgpu:both,*', 'webgpu:both,agree:ends:*');
  assert.equal(code, 0);
  assert.deepEqual(out.trim().split('\n'), [
    ...['"pass"', '"fail"', '"skip"'].map((kind) => `webgpu:both,agree:ends:kind=${kind}`),
    'webgpu:both,agree:adapter:',
    ...['before', 'forever', 'after'].map((name) => `webgpu:both,hang:loop:${name}`),
    ...['first', 'second'].map((name) => `webgpu:both,spoil:${name}:`),
  ]);
  const help = await run('--help');
  assert.equal(help.code, 0);
  assert.match(help.out, /--cts <checkout>/);
});

test('a sample has cases of each test, spread over it', async () => {
  const { out } = await run('--cts', suite, '--list', '--sample', '2', 'webgpu:both,*');
  assert.deepEqual(out.trim().split('\n'), [
    ...['"pass"', '"skip"'].map((kind) => `webgpu:both,agree:ends:kind=${kind}`),
    'webgpu:both,agree:adapter:',
    ...['before', 'after'].map((name) => `webgpu:both,hang:loop:${name}`),
    ...['first', 'second'].map((name) => `webgpu:both,spoil:${name}:`),
  ]);
});

test('where both come to the same, however bad, all is well', { skip }, async () => {
  const { code, out, report } = await runWithReport('--per-slice', '2', 'webgpu:both,agree:*');
  assert.equal(code, 0, out);
  assert.deepEqual(statuses(report), [
    ['ends:kind="pass"', 'pass', 'pass'],
    ['ends:kind="fail"', 'fail', 'fail'],
    ['ends:kind="skip"', 'skip', 'skip'],
    ['adapter:', 'pass', 'pass'],
  ]);
  const counts = { pass: 2, warn: 0, fail: 1, skip: 1, lost: 0 };
  assert.deepEqual(report.counts, { sandbox: counts, dawnNode: counts });
  assert.deepEqual([report.version, report.queries], [null, ['webgpu:both,agree:*']]);
  assert.deepEqual(report.cases[1]!.sandbox.logs, ['Error: wrong with both']);
  assert.match(out, /^sandbox: {3}2 pass, 1 fail, 1 skip\ndawn\.node: 2 pass, 1 fail, 1 skip$/m);
});

test('what is worse in a Sandbox is told, and the exit code 1', { skip }, async () => {
  const { code, out, report } = await runWithReport('webgpu:one,*');
  assert.equal(code, 1);
  const names = (list: readonly { query: string }[]): string[] => list.map(({ query }) => query);
  assert.deepEqual(names(report.worse), ['webgpu:one,differ:worse:', 'webgpu:one,differ:withheld:']);
  assert.deepEqual(names(report.better), ['webgpu:one,differ:better:']);
  assert.deepEqual(names(report.skips), ['webgpu:one,differ:skipped:']);
  assert.match(
    out,
    /Worse in a Sandbox than with dawn\.node \(2\):\n {2}webgpu:one,differ:worse:\n {4}fail, dawn\.node pass: .*only in Node/,
  );
});

test('a case that does not end is lost, and only it', { skip }, async () => {
  const { code, report } = await runWithReport('--case-timeout', '5', 'webgpu:both,hang:*');
  assert.equal(code, 0);
  assert.deepEqual(statuses(report), [
    ['loop:before', 'pass', 'pass'],
    ['loop:forever', 'lost', 'lost'],
    ['loop:after', 'pass', 'pass'],
  ]);
  const { sandbox, dawnNode } = report.cases[1]!;
  assert.match(sandbox.logs[0]!, /progress/i);
  assert.match(dawnNode.logs[0]!, /no end within 5 s/);
});

test('after the minutes no test is begun, and what has been run is compared', { skip }, async () => {
  const limits = ['--minutes', '0.05', '--case-timeout', '5'];
  const { code, report } = await runWithReport(...limits, 'webgpu:both,hang:*', 'webgpu:both,spoil:*');
  assert.equal(code, 0);
  assert.deepEqual(
    statuses(report).map(([name]) => name),
    ['loop:before', 'loop:forever', 'loop:after'],
  );
});

test('what a test replaces is whole again for the next one', { skip }, async () => {
  const { report } = await runWithReport('webgpu:both,spoil:*');
  assert.deepEqual(statuses(report), [
    ['first:', 'pass', 'pass'],
    ['second:', 'pass', 'pass'],
  ]);
});

test(
  'with a seat for the file, the next test has what one replaced; the version is in a file',
  { skip },
  async () => {
    const version = path.join(folder, 'version.txt');
    writeFileSync(version, 'suite_1.0.tar.xz\n');
    const { report } = await runWithReport('--seat', 'file', 'webgpu:both,spoil:*');
    rmSync(version);
    assert.deepEqual(statuses(report), [
      ['first:', 'pass', 'pass'],
      ['second:', 'fail', 'fail'],
    ]);
    assert.equal(report.version, 'suite_1.0.tar.xz');
  },
);

test('where dawn.node does not start, nothing is compared, and nothing stays behind', { skip }, async () => {
  const broken = path.join(folder, 'broken');
  writeSmallSuite(broken, "throw new Error('no start here');");
  const { code, err } = await run('--cts', broken, 'webgpu:both,agree:*');
  assert.match(err, /^conformance: dawn\.node does not start: exit code 1: .*Error: no start here/s);
  assert.equal(code, 2);
  assert.deepEqual(readdirSync(scratch), []);
});

test('to load the suite is no part of the time of a case', { skip }, async () => {
  const slow = path.join(folder, 'slow');
  writeSmallSuite(slow, 'for (const end = Date.now() + 4000; Date.now() < end; );');
  const { code, out } = await run('--cts', slow, '--case-timeout', '3', 'webgpu:both,agree:adapter:*');
  assert.match(out, /^dawn\.node: 1 pass$/m);
  assert.equal(code, 0);
});

test('where one loses every case, nothing is compared', { skip }, async () => {
  const { code, err, report } = await runWithReport('webgpu:ends,*');
  assert.deepEqual(statuses(report), [['process:', 'pass', 'lost']]);
  assert.equal(err, 'conformance: nothing was compared: dawn.node lost every case\n');
  assert.equal(code, 2);
});

test('an engine that is closed leaves no process behind, whatever it is at', { skip }, async () => {
  const script = path.join(folder, 'endless.js');
  writeFileSync(script, `var ${SUITE_GLOBAL} = { run() { for (;;); } };`);
  const engine = openDawnNode(script, 60_000);
  const seat = await engine.open();
  const lost = assert.rejects(seat.run({ test: 'webgpu:a:b:*', cases: [] }), /SIGKILL/);
  await engine.close();
  await lost;
  await assert.rejects(engine.open(), /dawn\.node is closed/);
});

test('known differences are named by case, or by parts of cases, with what becomes of them', () => {
  const known = [
    { query: 'webgpu:a,b:c:d=1', status: 'fail', reason: 'one' },
    { query: 'webgpu:a,x:*', status: 'fail', reason: 'many' },
    { query: 'webgpu:*:e="q*', status: 'skip', reason: 'parts' },
  ] as const;
  const asked: [query: string, status: Status, reason: string | null][] = [
    ['webgpu:a,b:c:d=1', 'fail', 'one'],
    ['webgpu:a,b:c:d=1', 'lost', null],
    ['webgpu:a,b:c:d=10', 'fail', null],
    ['webgpu:a,x:y:z', 'fail', 'many'],
    ['webgpu:a,xx:y:', 'fail', null],
    ['webgpu:a,b:c:e="q"', 'skip', 'parts'],
    ['webgpu:a,b:c:f="q"', 'skip', null],
  ];
  for (const [query, status, reason] of asked) assert.equal(reasonFor(query, status, known), reason, query);
  assert.equal(reasonFor('webgpu:a,b:c:', 'fail'), null);
});

test('what is worse, better or skipped by one alone', () => {
  const rows: [ours: Status, theirs: Status, said: string][] = [
    ['lost', 'pass', 'worse'],
    ['lost', 'fail', 'worse'],
    ['lost', 'skip', 'worse'],
    ['lost', 'lost', ''],
    ['fail', 'pass', 'worse'],
    ['fail', 'warn', 'worse'],
    ['fail', 'lost', ''],
    ['fail', 'skip', 'skips'],
    ['skip', 'pass', 'worse'],
    ['skip', 'fail', 'skips'],
    ['skip', 'skip', ''],
    ['pass', 'skip', 'skips'],
    ['pass', 'lost', 'better'],
    ['pass', 'fail', 'better'],
    ['warn', 'pass', ''],
  ];
  for (const [ours, theirs, said] of rows) {
    const of = (status: Status): Map<string, CaseResult> =>
      new Map([['a', { query: 'a', status, ms: 0, logs: [] }]]);
    const lists = Object.entries(compare(of(ours), of(theirs)));
    const found = lists.filter(([, list]) => (list as unknown[]).length > 0).map(([name]) => name);
    assert.deepEqual(found, [said].filter(Boolean), `${ours}, dawn.node ${theirs}`);
  }
});
