import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../campaign/kill.js', import.meta.url));

test('kill -9 of Workers, client or everything, 5 times over 2,000 Slices: every result once, and right', async (t) => {
  const child = spawn(process.execPath, [program, '--times', '5', '--slices', '2000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  child.stdout.on('data', (data) => (stdout += String(data)));
  const code = await new Promise((resolve) => child.on('close', resolve));
  t.diagnostic(stdout.trim());
  assert.equal(code, 0, stdout);
});

test('its command line: what is wrong is named, with exit code 2, and there is a help', () => {
  const run = (...args: string[]) => {
    // One that takes them all the same would go on for a minute.
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { status, stdout, stderr };
  };
  const rows: [args: string[], message: RegExp][] = [
    [['--bogus'], /Unknown option '--bogus'/],
    [['word'], /word/],
    [['--times'], /--times/],
    [['--times', 'many'], /--times: "many" is not a whole number from 1/],
    [['--times', ''], /--times: "" is not a whole number from 1/],
    [['--times=-1'], /--times: "-1" is not/],
    [['--slices', '0'], /--slices: "0" is not/],
    [['--slices', '2.5'], /--slices: "2\.5" is not/],
  ];
  for (const [args, message] of rows) {
    const { status, stdout, stderr } = run(...args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.match(stderr, new RegExp(`^campaign:kill: .*${message.source}`));
  }
  const { status, stdout, stderr } = run('--help');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(
    stdout,
    /^npm run campaign:kill .*\n\n.*\n\n {2}--times N .* default 50\n {2}--slices N .* default 2000\n$/,
  );
});
