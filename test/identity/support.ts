import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keystoreText, PrivateKey } from '#src/identity/index.js';

/** The hash of "cow", and whom it is known to belong to. */
export const COW_KEY = 'c85ef7d79691fe79573b1a7064c19c1a9819ebdbd1faaab1a8ec92344438aaf4';
export const COW = '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826';

/** A keystore with that key as dcp-client 5 has made it, which a guess costs a hundredth of one of ours. */
export const DCP_PASSPHRASE = 'a cow of 1024';
export const DCP_KEYSTORE = JSON.stringify({
  version: 3,
  id: 'cacf3205-bbdb-49d5-9a7a-ceede99ec39b',
  address: 'cd2a3d9f938e13cd947ec05abc7fe734df8dd826',
  crypto: {
    ciphertext: '2d24ba0bbe2e002fbefa27949508abaa806220df1ec636d949603d0f130c4138',
    cipherparams: { iv: '4230d602c07a1bafb885b9dd3ff94bc4' },
    cipher: 'aes-128-ctr',
    kdf: 'scrypt',
    kdfparams: {
      dklen: 32,
      salt: '3a26aa7d2d3f5ea5e58fe9bebb612dd494d312df79200acb2c99700a48cbde70',
      n: 1024,
      r: 8,
      p: 1,
    },
    mac: '0aa04efcab7a58ea6998911274abc48285ff9c1190e238f5d1986a4c11515b35',
  },
  label: 'cow',
  timestamp: 'Sun Nov 29 2026 08:19:11 GMT+0000 (Coordinated Universal Time)',
  process: 'test',
});

/** A home of its own: nothing of the machine's own environment is seen. */
export interface Home {
  readonly home: string;
  /** DCP's directory in it. */
  readonly dcp: string;
  readonly env: NodeJS.ProcessEnv;
  readonly warnings: string[];
  readonly warn: (message: string) => void;
}

export function temporaryHome(t: TestContext): Home {
  const home = mkdtempSync(path.join(tmpdir(), 'dcp-identity-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const warnings: string[] = [];
  return {
    home,
    dcp: path.join(home, '.dcp'),
    env: {},
    warnings,
    warn: (message) => void warnings.push(message),
  };
}

/** Writes a file below a home, with its directory. */
export function write(directory: string, name: string, text: string, mode = 0o600): string {
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

/** A keystore with the cow's key. */
export function cowKeystore(passphrase = ''): Promise<string> {
  return keystoreText(PrivateKey.parse('key', COW_KEY), { passphrase, label: 'cow', process: 'test' });
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  printed(pattern: RegExp): Promise<void>;
}

/** Starts a program of fixtures/, or another command in front of it. */
export function startFixture(
  t: TestContext,
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  wrap: (command: readonly string[]) => readonly string[] = (command) => command,
): Running {
  const fixture = fileURLToPath(new URL(`./fixtures/${name}.js`, import.meta.url));
  const [command, ...words] = wrap([process.execPath, fixture, ...args]);
  const child = spawn(command!, words, { env: { PATH: process.env['PATH'], ...env } });
  t.after(() => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  let onOutput = (): void => {};
  child.stdout.on('data', (data) => ((stdout += String(data)), onOutput()));
  child.stderr.on('data', (data) => ((stderr += String(data)), onOutput()));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const printed = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      onOutput = () => {
        if (pattern.test(stdout + stderr)) resolve();
      };
      onOutput();
      void ended.then(() => reject(new Error(`ended without printing ${pattern}:\n${stdout}${stderr}`)));
    });
  return { child, ended, printed };
}

/** Every spelling of a key that must be nowhere in a text. */
export function assertKeyless(text: string, key: string): void {
  const spellings = [key, Buffer.from(key, 'hex').toString('base64'), [...Buffer.from(key, 'hex')].join(',')];
  for (const spelling of spellings)
    for (const part of [spelling.slice(0, 20), spelling.slice(-20)])
      assert.ok(
        !text.toLowerCase().includes(part.toLowerCase()),
        `a part of the key is in: ${text.slice(0, 400)}`,
      );
}
