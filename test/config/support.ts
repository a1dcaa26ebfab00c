import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ConfigError, loadConfig, problemText, type Config, type ConfigOptions } from '#src/config/index.js';
import type { ServiceOptions } from '#src/service/index.js';

export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/** The file that most tests write. */
export const OWN = '~/.dcp/dcp-worker/dcp-config.js';

/** Of a program that has nothing of its own to say. */
export const OPTIONS: ServiceOptions = {
  version: '1.0.0',
  gpu: null,
  exitWhenIdle: false,
  json: false,
  verbose: false,
  canDraw: false,
  uncaughtLog: null,
  defaultScheduler: '/nowhere',
  defaultSpool: '/nowhere',
  defaultStatusSocket: '/nowhere',
  identity: null,
  paymentAddress: null,
};

/** A machine of its own: a home directory, an /etc, and a package with the shipped default. */
export class Machine {
  readonly root: string;

  constructor(t: TestContext) {
    this.root = mkdtempSync(path.join(tmpdir(), 'dcp-config-'));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
    for (const name of ['dcp-worker-config.js', 'dcp-worker-config.js.sha256']) {
      mkdirSync(path.join(this.root, 'package/etc'), { recursive: true });
      copyFileSync(path.join(CHECKOUT, 'etc', name), this.file(`package/etc/${name}`));
    }
  }

  /** The file of a name as people write it: `~/…`, `/etc/…`, or one in `root`. */
  file(name: string): string {
    if (name.startsWith('~/')) return path.join(this.root, 'home', name.slice(2));
    return path.join(this.root, name);
  }

  write(name: string, contents: string | Uint8Array): string {
    const file = this.file(name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, contents);
    return file;
  }

  load(options: Partial<ConfigOptions> = {}): Config {
    return loadConfig({
      program: 'dcp-worker',
      env: {},
      home: this.file('home'),
      etc: this.file('etc'),
      package: this.file('package'),
      cwd: this.root,
      ...options,
    });
  }

  /** The errors of a configuration that is wrong, one a line, with this machine's root taken away. */
  errors(options: Partial<ConfigOptions> = {}): string[] {
    try {
      this.load(options);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.message.split('\n').map((line) => line.replaceAll(this.root, ''));
    }
    return [];
  }

  /** What was warned of. */
  warnings(options: Partial<ConfigOptions> = {}): string[] {
    return this.load(options).warnings.map((warning) => problemText(warning).replaceAll(this.root, ''));
  }
}
