/**
 * Boots a Debian system that lies in a folder: systemd as process 1 of namespaces of its own, in a control group of its own.
 * It sees no device but the harmless ones and no network but its own. Needs root, and a cgroup2 that can be written to.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../steps.mjs';
import { ENVIRONMENT } from './debian-root.mjs';

/** How long systemd may take until it can be asked, milliseconds. */
const START_MS = 30_000;

/** `$1` is the folder, `$2` its control group. */
const BOOT = `
set -e
echo $$ > "$2/cgroup.procs"
exec unshare --mount --uts --ipc --net --pid --cgroup --fork --kill-child sh -ec '
  mount --make-rprivate /
  mount --bind "$1" "$1"
  cd "$1"
  mount -t proc proc proc
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=755 tmpfs dev
  for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
  done
  mkdir dev/shm dev/pts
  mount -t tmpfs tmpfs dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  pivot_root . mnt
  umount -l /mnt
  exec env -i container=dcp-check PATH="$PATH" /lib/systemd/systemd --system --show-status=no > /dev/null 2>&1
' sh "$1"
`;

export class BootedSystem {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
    this.group = path.join(controlGroups(), `dcp-check-${process.pid}`);
    mkdirSync(this.group);
    /** @type {string} */
    this.output = '';
    this.child = spawn('sh', ['-c', BOOT, 'sh', folder, this.group], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: ENVIRONMENT,
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (chunk) => (this.output += String(chunk)));
  }

  /** Resolves when systemd can be asked; it may still start services. */
  async started() {
    const end = performance.now() + START_MS;
    for (;;) {
      const state = await this.run(['systemctl', 'is-system-running']).catch((error) => String(error.output));
      if (/running|degraded|starting/.test(state)) return;
      if (this.child.exitCode !== null || performance.now() > end)
        throw new Error(`${this.folder} does not boot: ${state || 'no answer'} ${this.output}`);
      await delay(200);
    }
  }

  /** The process that is process 1 inside. */
  get init() {
    const children = readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8');
    return children.trim().split(' ')[0] || '0';
  }

  /**
   * Runs a command in it as root.
   * @param {readonly string[]} command
   * @param {number} [timeoutMs]
   */
  run(command, timeoutMs = 120_000) {
    const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root'];
    const entry = ['--target', this.init, ...namespaces];
    return run('nsenter', [...entry, 'env', '--chdir=/', ...command], {
      env: { ...ENVIRONMENT },
      cwd: '/',
      timeoutMs,
    });
  }

  /** @param {string} script @param {number} [timeoutMs] */
  shell(script, timeoutMs) {
    return this.run(['sh', '-ec', script], timeoutMs);
  }

  /** Ends every process of it. */
  async close() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGKILL');
      await ended;
    }
    for (let attempt = 0; !removeGroup(this.group) && attempt < 50; attempt++) await delay(100);
  }
}

/** Where control groups of the second version are. */
function controlGroups() {
  const mounts = readFileSync('/proc/mounts', 'utf8');
  const found = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
  if (found === undefined) throw new Error('no cgroup2 is mounted here: systemd cannot be booted');
  return found;
}

/** Its processes may take a moment to go. @param {string} group */
function removeGroup(group) {
  try {
    for (const entry of readdirSync(group, { withFileTypes: true }))
      if (entry.isDirectory()) removeGroup(path.join(group, entry.name));
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}
