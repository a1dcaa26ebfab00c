/** Hours of the week, in a process whose clock the test sets (libfaketime). */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../cli/support.js';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const LIBRARY = path.join(PACKAGE, '.cache/faketime/libfaketimeMT.so.1');
const NO_FAKETIME = !existsSync(LIBRARY) && 'no libfaketime: npm run faketime fetches it';

/** What a manager with this schedule decides at each of these moments, one after another, in Berlin. */
async function decisionsAt(t: TestContext, allow: string, ...moments: readonly string[]): Promise<string[]> {
  const clock = path.join(temporaryDirectory(t), 'clock');
  const set = (moment: string): void => {
    const offset = (Date.parse(moment) - Date.now()) / 1000;
    // Read at every look at the clock: never half written.
    writeFileSync(`${clock}.next`, `${offset < 0 ? '' : '+'}${offset.toFixed(1)}\n`);
    renameSync(`${clock}.next`, clock);
  };
  const source = `
    import { completeManagerOptions, Manager } from '#src/manager/index.js';
    const options = completeManagerOptions({ monitors: { schedule: { allow: ${JSON.stringify(allow)} } } });
    const say = ({ cpu }) => console.log(cpu.action);
    const manager = new Manager(options, { onDecision: say, onUnavailable() {} });
    manager.start();
    if (manager.decision.cpu.action === 'run') say(manager.decision);
    setInterval(() => {}, 1000);`;
  set(moments[0]!);
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    cwd: PACKAGE,
    env: {
      ...process.env,
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      TZ: 'Europe/Berlin',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const decisions: string[] = [];
  for await (const text of child.stdout) {
    decisions.push(...String(text).trim().split('\n'));
    if (decisions.length >= moments.length) return decisions;
    set(moments[decisions.length]!);
  }
  return decisions;
}

test(
  'evaluators run in the hours that are allowed, over midnight, in local time',
  { skip: NO_FAKETIME },
  async (t) => {
    const nights = 'mon-fri 22:00-06:00';
    assert.deepEqual(
      await Promise.all([
        // A Friday in winter, an hour ahead of UTC: the clock goes on by itself to 22:00, and is set to the morning.
        decisionsAt(t, nights, '2026-11-27T20:59:30Z', '2026-11-27T20:59:59Z', '2026-11-28T05:00:00Z'),
        // The night that begins on a Saturday is not one of them; two hours ahead in summer.
        decisionsAt(t, nights, '2026-07-18T20:30:00Z', '2026-07-20T20:00:01Z'),
        decisionsAt(t, 'sat,sun', '2026-07-17T21:59:30Z', '2026-07-17T21:59:59Z', '2026-07-19T22:00:00Z'),
      ]),
      [
        ['kill', 'run', 'kill'],
        ['kill', 'run'],
        ['kill', 'run', 'kill'],
      ],
    );
  },
);
