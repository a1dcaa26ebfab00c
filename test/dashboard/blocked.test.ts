/** A terminal that takes nothing: the Worker goes on, and nothing piles up. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('show.js', import.meta.url));
/** util-linux's `script` holds the other end of the terminal; stopped, it reads nothing. */
const skip = hasScript() ? false : 'no script (util-linux)';

test(
  'while the terminal is blocked the Worker runs, its memory does not grow, and then all is shown',
  { skip },
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
    const beats = path.join(folder, 'beats');
    // Each tick says something new, so that each frame differs.
    const command = `stty rows 60 columns 200; exec '${process.execPath}' '${PROGRAM}' --sandboxes 60 --speed 50 --chatter "$(printf 'x%.0s' $(seq 150))" --beats '${beats}'`;
    const script = spawn('script', ['-qfec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' },
    });
    t.after(() => {
      script.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    let shown = '';
    let bytes = 0;
    script.stdout.on('data', (data: Buffer) => {
      shown = (shown + String(data)).slice(-200_000);
      bytes += data.length;
    });
    const ended = new Promise((resolve) => script.on('close', resolve));
    const beatsSoFar = (): number[] =>
      existsSync(beats) ? readFileSync(beats, 'utf8').trim().split('\n').map(Number) : [];
    const beatsReach = async (count: number): Promise<void> => {
      const end = performance.now() + 30_000;
      while (beatsSoFar().length < count) {
        assert.ok(performance.now() < end, `only ${beatsSoFar().length} of ${count} ticks`);
        await sleep(20);
      }
    };

    await beatsReach(30);
    const [early, earlyBytes] = [beatsSoFar().length, bytes];
    await beatsReach(early + 60);
    const bytesPerFrame = (bytes - earlyBytes) / (beatsSoFar().length - early);
    assert.ok(bytesPerFrame > 1_000, `${bytesPerFrame} bytes a frame`);
    script.kill('SIGSTOP');
    const before = beatsSoFar().length;
    await beatsReach(before + 60);
    const settled = Math.max(...beatsSoFar().slice(-20));
    await beatsReach(before + 300);
    const grown = Math.max(...beatsSoFar().slice(-20)) - settled;
    assert.ok(grown < 30 * 1024 * 1024, `${grown} bytes more`);

    const reached = beatsSoFar().length;
    shown = '';
    bytes = 0;
    script.kill('SIGCONT');
    // What left before the block is followed by a frame of after it; Ctrl-L has it whole.
    await beatsReach(reached + 30);
    // Frames of the time of the block do not come late: there is what the kernel held, and what is drawn since.
    const drawnSince = beatsSoFar().length - reached;
    assert.ok(bytes < bytesPerFrame * (drawnSince + 150), `${bytes} bytes, ${bytesPerFrame} a frame`);

    script.stdin.write('\x0c');
    await beatsReach(reached + 60);
    const upTimes = Array.from(
      shown.matchAll(/up (?:(\d+) min )?([\d.]+) s/g),
      ([, min = 0, s]) => Number(min) * 60 + Number(s),
    );
    assert.ok(Math.max(...upTimes) > reached, `of tick ${reached} on, not of ${upTimes.at(-1)}`);
    script.stdin.write('\x03');
    await ended;
    assert.ok(/\x1b\[\?1049l[^]*stopped after stop/.test(shown), shown.slice(-200));
  },
);

function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
}
