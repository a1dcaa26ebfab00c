import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { DevTools } from '../evaluator/devtools.js';
import { jobFile, jsonLines, run, start, temporaryDirectory } from './support.js';

test('dcp-job run --local --inspect-sandbox waits for a debugger, which sees the own files of a Work Function', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(
    path.join(directory, 'work.ts'),
    `interface Datum { n: number }

export default function work({ n }: Datum): number {
  return n + 1;
}
`,
  );
  const file = path.join(directory, 'job.mjs');
  writeFileSync(file, `export default (compute) => compute.for([{ n: 1 }, { n: 2 }], { file: 'work.ts' });`);
  const program = start(t, 'dcp-job', ['run', '--json', '--local', '--inspect-sandbox=127.0.0.1:0', file]);
  const [line] = await program.printed(/.*"type":"inspector".*\n/);
  const { url } = JSON.parse(line) as { url: string };
  const devtools = await DevTools.connect(url);
  await devtools.call('Debugger.enable');
  const { sourceMapURL, scriptId } = (await devtools.event(
    'Debugger.scriptParsed',
    (script) => script['url'] === 'dcp:modules',
  )) as { sourceMapURL: string; scriptId: string };
  const map = JSON.parse(Buffer.from(sourceMapURL.split(',')[1]!, 'base64').toString()) as {
    sources: string[];
    sourcesContent: string[];
  };
  const at = map.sources.indexOf('work.ts');
  assert.match(map.sourcesContent[at]!, /interface Datum/);
  // What Chrome does with a breakpoint in work.ts, by the map.
  const { scriptSource } = (await devtools.call('Debugger.getScriptSource', { scriptId })) as {
    scriptSource: string;
  };
  const lineNumber = scriptSource.split('\n').findIndex((text) => text.includes('return n + 1'));
  await devtools.call('Debugger.setBreakpointByUrl', { url: 'dcp:modules', lineNumber });
  await devtools.call('Runtime.runIfWaitingForDebugger');
  for (let slice = 1; slice <= 2; slice++) {
    await devtools.event('Debugger.paused');
    await devtools.call('Debugger.resume');
  }
  const { code, stdout, stderr } = await program.ended;
  assert.equal(code, 0, stderr);
  const results = jsonLines(stdout).filter(({ type }) => type === 'result');
  assert.deepEqual(
    results.map(({ value }) => value),
    [2, 3],
  );
});

test('--inspect-sandbox is for local runs and loopback addresses alone', async (t) => {
  const file = jobFile(t, 'export default (compute) => compute.for(1, 2, (n) => n);');
  for (const [args, message] of [
    [['--inspect-sandbox', file], /^dcp-job: --inspect-sandbox: only with --local\n$/],
    [
      ['--local', '--inspect-sandbox=0.0.0.0:0', file],
      /^dcp-job: inspect\.host: expected a loopback address/,
    ],
    [['--local', '--inspect-sandbox=nowhere', file], /expected \[host:\]port/],
  ] as const) {
    const { code, stdout, stderr } = await run(t, 'dcp-job', ['run', ...args]);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});
