/** Programs that are run as evaluators are, and say what they could do: they stand for an evaluator whose V8 is broken. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import {
  Confinement,
  completeConfinement,
  type ConfinementReport,
} from '#src/evaluator/confinement/index.js';
import type { LayerName, LayerState } from '#src/evaluator/confinement/layers.js';
import type { ConfinementOptions } from '#src/evaluator/index.js';

export interface Attempts {
  readonly report: ConfinementReport;
  /** By the attempt's name: the error's code, or what it brought as JSON. */
  readonly outcomes: Readonly<Record<string, unknown>>;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** What a script of attempts finds: `attempt(name, make)` notes what it brings, or the code of its error. */
const PRELUDE = `
const fs = require('node:fs'), net = require('node:net'), os = require('node:os'), child = require('node:child_process');
const outcomes = {};
const attempt = async (name, make) => {
  try { outcomes[name] = (await make()) ?? 'done'; } catch (error) { outcomes[name] = error.code ?? String(error); }
};
const connect = (where) => new Promise((resolve, reject) => {
  const socket = net.connect(where, () => { socket.destroy(); resolve('connected'); });
  socket.on('error', reject);
});
const run = (file, args = []) => { const { error, status } = child.spawnSync(file, args); if (error) throw error; return status; };
`;

/** Runs a body of attempts in a Node that is confined as the options say. */
export async function attempts(body: string, options: ConfinementOptions = {}): Promise<Attempts> {
  const script = `${PRELUDE} (async () => { ${body} })().then(() => console.log(JSON.stringify(outcomes)));`;
  const process = startConfined(['-e', script], options);
  const { child } = process;
  const [stdout, stderr] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close'),
  ]);
  const { exitCode: code, signalCode: signal } = child;
  const outcomes = stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
  return { report: process.report!, outcomes, code, signal, stderr };
}

/** Starts Node, confined, with its output in pipes. */
export function startConfined(args: readonly string[], options: ConfinementOptions = {}) {
  const confinement = new Confinement({ ...completeConfinement(options), gpu: false, env: {} });
  return confinement.spawn(args, ['ignore', 'pipe', 'pipe'], { cwd: '/', env: {} });
}

export function stateOf({ layers }: ConfinementReport, name: LayerName): LayerState['state'] {
  return layers.find((layer) => layer.name === name)!.state;
}

/** Why a test that needs namespaces of an ordinary user says nothing here; false: it does. */
export const noNamespaces: string | false =
  spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true']).status !== 0 &&
  'this machine lets nobody make user namespaces';

/** Resolves when something holds; rejects after a while. */
export async function until(what: string, holds: () => boolean, ms = 20_000): Promise<void> {
  for (const end = Date.now() + ms; !holds();) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
