/** A real dbus-daemon with a configuration of the test's own, installed or fetched by `npm run dbus`. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../.cache/dbus', import.meta.url));
const FETCHED = path.join(FOLDER, 'usr/bin/dbus-daemon');
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((triple) => [
  path.join(FOLDER, 'usr/lib', triple),
  path.join(FOLDER, 'lib', triple),
]);
const ENV = { ...process.env, LD_LIBRARY_PATH: LIBRARIES.join(':') };

const PROGRAM = ['dbus-daemon', FETCHED].find((program) => {
  if (program === FETCHED && !existsSync(FETCHED)) return false;
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore', env: ENV });
    return true;
  } catch {
    return false;
  }
});

/** A reason to skip tests that need it; false where it runs. */
export const withoutDbus: string | false = PROGRAM ? false : 'no dbus-daemon: npm run dbus fetches it';

/** What a bus lets through: all, as that of a session; or calls, answers and signals to whom a system bus lets them. */
const POLICY = `
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>`;

export class TestBus {
  readonly #folder: string;
  readonly #uid: number | undefined;
  #daemon: ChildProcess | null = null;

  /** @param uid the user that the daemon is started as, and who alone is let in; default: that of this process */
  static async start(t: TestContext, uid?: number): Promise<TestBus> {
    const bus = new TestBus(mkdtempSync(path.join(tmpdir(), 'dcp-bus-')), uid);
    t.after(() => bus.#remove());
    await bus.run();
    return bus;
  }

  private constructor(folder: string, uid: number | undefined) {
    this.#folder = folder;
    this.#uid = uid;
    const configuration = `<busconfig><type>session</type><keep_umask/><listen>${this.address}</listen>
      <auth>EXTERNAL</auth>${POLICY}</busconfig>`;
    writeFileSync(this.#configuration, configuration);
    if (uid !== undefined) execFileSync('chown', ['-R', String(uid), folder]);
  }

  get #configuration(): string {
    return path.join(this.#folder, 'bus.conf');
  }

  get socket(): string {
    return path.join(this.#folder, 'bus');
  }

  get address(): string {
    return `unix:path=${this.socket}`;
  }

  /** Once it listens. */
  async run(): Promise<void> {
    const args = [`--config-file=${this.#configuration}`, '--nofork', '--nopidfile', '--print-address'];
    const user = this.#uid === undefined ? {} : { uid: this.#uid };
    const daemon = spawn(PROGRAM!, args, { env: ENV, stdio: ['ignore', 'pipe', 'pipe'], ...user });
    this.#daemon = daemon;
    let complaints = '';
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    const ended = once(daemon, 'exit').then(() => assert.fail(`dbus-daemon ended: ${complaints}`));
    ended.catch(() => undefined);
    await Promise.race([once(daemon.stdout, 'data'), ended]);
  }

  /** All its connections end. */
  async kill(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon?.exitCode !== null || daemon.signalCode !== null) return;
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    rmSync(this.socket, { force: true });
  }

  /** It neither answers nor ends. */
  freeze(): void {
    this.#daemon!.kill('SIGSTOP');
  }

  thaw(): void {
    this.#daemon!.kill('SIGCONT');
  }

  async #remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
