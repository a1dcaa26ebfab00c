/** systemd-logind itself, out of Debian's packages (scripts/log-servers.mjs), on a test's bus and with a /run of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { works } from '../../logging/support/records.js';

const FOLDER = fileURLToPath(new URL('../../../.cache/log-servers', import.meta.url));
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu'].flatMap((name) => [
  path.join(FOLDER, name),
  path.join(FOLDER, name, 'systemd'),
]);
const PROGRAM = path.join(FOLDER, 'lib/systemd/systemd-logind');
/** Which of the machine's terminals is in front; containers may have none. */
const TERMINAL_IN_FRONT = '/sys/class/tty/tty0/active';

/** A reason to skip tests that need it; false where it runs. */
export function withoutRealLogind(): string | false {
  if (!existsSync(PROGRAM)) return 'no systemd-logind: npm run log-servers fetches it';
  // Two that hand out the same devices would be in each other's way.
  if (existsSync('/run/systemd/system')) return 'this machine has a logind of its own';
  return works('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/run'])
    ? false
    : 'no mount namespace may be made here';
}

/** What a logind that is started again reads of the one before it: root at seat0, in a desktop. */
function files(): Readonly<Record<string, string>> {
  const front = existsSync(TERMINAL_IN_FRONT) ? /\d+/.exec(readFileSync(TERMINAL_IN_FRONT, 'utf8')) : null;
  const terminal = front ? `VTNR=${front[0]}\nTTY=tty${front[0]}\n` : '';
  return {
    'logind.conf.d/test.conf':
      '[Login]\nNAutoVTs=0\nReserveVT=0\nHandlePowerKey=ignore\nHandleLidSwitch=ignore\n',
    'seats/seat0': 'IS_SEAT0=1\nACTIVE=2\nACTIVE_UID=0\nSESSIONS=2\nUIDS=0\n',
    'users/0': 'NAME=root\nSTATE=active\nDISPLAY=2\nSESSIONS=2\nSEATS=seat0\nACTIVE_SESSIONS=2\n',
    'sessions/2':
      'UID=0\nUSER=root\nACTIVE=1\nIS_DISPLAY=1\nSTATE=active\nREMOTE=0\nTYPE=wayland\nCLASS=user\n' +
      `SCOPE=session-2.scope\nSEAT=seat0\n${terminal}SERVICE=test\nLEADER=${process.pid}\nREALTIME=1\nMONOTONIC=1\n`,
  };
}

/** Its session has the id 2. Resolves once it runs; it may not have its name by then. */
export async function startRealLogind(t: TestContext, address: string): Promise<ChildProcess> {
  const writing = Object.entries(files()).map(([name, text]) => {
    const file = `/run/systemd/${name}`;
    return `mkdir -p ${path.dirname(file)} && printf '${text.replaceAll('\n', '\\n')}' > ${file}`;
  });
  const script = ['mount -t tmpfs none /run', ...writing, `exec ${PROGRAM}`].join(' && ');
  const child = spawn('unshare', ['-m', 'sh', '-c', script], {
    env: { ...process.env, LD_LIBRARY_PATH: LIBRARIES.join(':'), DBUS_SYSTEM_BUS_ADDRESS: address },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await once(child, 'spawn');
  return child;
}
