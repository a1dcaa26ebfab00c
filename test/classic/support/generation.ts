/**
 * The programs of DCP that this run of the tests is about: one generation, because dcp-client wants its process for
 * itself (scripts/suites.mjs sets the variable, scripts/compat.mjs installs what is read here).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export const GENERATION: 4 | 5 = process.env['DCP_TEST_CLASSIC_GENERATION'] === '4' ? 4 : 5;

/** npm's `kvin`: the values of DCP as what JSON can hold. */
export interface Kvin {
  marshal(value: unknown): object;
  unmarshal(marshalled: unknown): unknown;
}

/** The client's end of a sandbox, as dcp-client/lib/standaloneWorker.js makes it. */
export interface StandaloneWorker {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'error', listener: (error: unknown) => void): void;
  addEventListener(type: 'end', listener: () => void): void;
  postMessage(message: object): void;
  /** Where there is a connection. */
  changeSerializer?(serializer: object): void;
  terminate(): void;
}

export interface WorkerOptions {
  hostname?: string;
  port?: number;
  readStream?: Readable;
  writeStream?: Writable;
}

interface Client {
  readonly kvin: Kvin;
  open(options: WorkerOptions): StandaloneWorker & Partial<EventEmitter>;
}

interface DcpClient {
  init(options: object): Promise<unknown>;
  __require: NodeJS.Require;
}

const folder = fileURLToPath(new URL(`../../../test/compat/dcp-${GENERATION}/`, import.meta.url));
const require = createRequire(path.join(folder, 'package.json'));
const clientFolder = path.dirname(resolveClient());
const dcpClient = require('dcp-client') as DcpClient;

function resolveClient(): string {
  try {
    return require.resolve('dcp-client');
  } catch (error) {
    throw new Error(`${folder}: not installed; npm run compat installs it`, { cause: error });
  }
}

/** The startup files of a type of sandbox, found as dcp-worker/bin/dcp-evaluator-start finds them. */
export function startupFiles(type: string): string[] {
  const definitions = JSON.parse(
    readFileSync(path.join(clientFolder, 'generated/sandbox-definitions.json'), 'utf8'),
  ) as Record<string, string[]>;
  return definitions[type]!.map((name) =>
    name.includes('/')
      ? dcpClient.__require.resolve(name)
      : require.resolve(path.join(clientFolder, 'libexec/sandbox', name)),
  );
}

/** Where the dcp-client is. */
export const CLIENT_FOLDER = clientFolder;

/** A program of the published dcp-worker, which DCP 4 has. */
export const publishedProgram = (name: string): string =>
  path.join(folder, 'node_modules/dcp-worker/bin', name);

let client: Promise<Client> | null = null;

/** dcp-client without a scheduler and without a network. */
export function loadClient(): Promise<Client> {
  client ??= initialise();
  return client;
}

async function initialise(): Promise<Client> {
  await dcpClient.init({ dcpConfig: { scheduler: { configLocation: false }, bundle: { location: false } } });
  const { workerFactory } = require(path.join(clientFolder, 'lib/standaloneWorker.js')) as {
    workerFactory(options: WorkerOptions): new () => StandaloneWorker;
  };
  return {
    kvin: dcpClient.__require('kvin') as Kvin,
    open: (options) => new (workerFactory(options))(),
  };
}
