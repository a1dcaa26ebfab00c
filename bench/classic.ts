/**
 * The classic protocol: ours beside the Node evaluator that dcp-client brings, in one run, with the startup files of
 * dcp-client and the same peer.
 */
import { setTimeout } from 'node:timers/promises';
import { Peer, kvin, pssMiB, startNpm, startOurs, type Listening } from './rivals/classic-peer.js';
import { Report, digits } from './harness/report.js';

const CONNECTIONS = 12;
const SLICES = { ours: 2000, npm: 100 };
const ARRAYS = { ours: 60, npm: 12 };
const IDLE = { ours: 50, npm: 8 };
const AT_ONCE = 200;
/** A warm evaluator has had the time to make the next Sandbox. */
const PAUSE_MS = 400;
const MEGABYTE = new Float32Array(250_000).map((_, index) => Math.fround(Math.sin(index)));

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function describe(port: number): Promise<Peer> {
  const peer = await Peer.connect(port);
  await peer.ask({ request: 'describe' }, 'describe');
  return peer;
}

/** From connecting to the answer of `describe`, milliseconds, for connections one after another. */
async function describing(evaluator: Listening): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < CONNECTIONS; index++) {
    let peer: Peer | undefined;
    times.push(await timed(async () => (peer = await describe(evaluator.port))));
    peer!.close();
    await setTimeout(PAUSE_MS);
  }
  return median(times);
}

/** One empty Slice, milliseconds. */
async function emptySlice({ port }: Listening, slices: number): Promise<number> {
  const peer = await Peer.connect(port);
  await peer.assign('(n) => n');
  await peer.slice(0);
  const took = await timed(async () => {
    for (let index = 0; index < slices; index++) await peer.slice(index);
  });
  peer.close();
  return took / slices;
}

/** Runs in a Sandbox that has no Job yet: what KVIN and JSON take there to read such a Slice, milliseconds. */
const READ_IT = `(() => {
  const array = new Float32Array(${MEGABYTE.length}).map((_, index) => Math.fround(Math.sin(index)));
  const line = JSON.stringify({ type: 'workerMessage', message: KVIN.marshal({ request: 'main', data: array }) });
  const times = [];
  for (let index = 0; index < 20; index++) {
    const started = performance.now();
    KVIN.unmarshal(JSON.parse(line).message);
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[10];
})()`;

/**
 * A Slice with a Float32Array of 1 MB, milliseconds: in all; without KVIN and JSON at both ends, which are the same whatever
 * evaluator there is; and besides without what the peer's own stream takes to make bytes of its text.
 */
async function arraySlice(
  { port }: Listening,
  slices: number,
): Promise<{ all: number; outside: number; between: number }> {
  const reader = await Peer.connect(port);
  const answer = await reader.ask(
    { request: 'eval', data: READ_IT, filename: 'bench', msgId: 1 },
    'evalResult::1',
  );
  reader.close();
  const peer = await Peer.connect(port);
  await peer.assign('(array) => array.length');
  await peer.slice(MEGABYTE);
  const all: number[] = [];
  const outside: number[] = [];
  for (let index = 0; index < slices; index++) {
    const before = peer.codecMs;
    const took = await timed(() => peer.slice(MEGABYTE));
    all.push(took);
    outside.push(took - (peer.codecMs - before) - (answer['data'] as number));
  }
  peer.close();
  return { all: median(all), outside: median(outside), between: median(outside) - bytesMs() };
}

function bytesMs(): number {
  const line = JSON.stringify(kvin.marshal({ request: 'main', data: MEGABYTE }));
  const times: number[] = [];
  for (let index = 0; index < 20; index++) {
    const text = `${index}${line}`;
    // Flat, as what JSON.stringify gives is.
    text.charCodeAt(0);
    const started = performance.now();
    Buffer.from(text);
    times.push(performance.now() - started);
  }
  return median(times);
}

async function idleMiB({ process, port }: Listening, count: number): Promise<number> {
  const first = await describe(port);
  const before = await pssMiB(process.pid!);
  const peers = [];
  for (let index = 0; index < count; index++) peers.push(await describe(port));
  const each = ((await pssMiB(process.pid!)) - before) / count;
  for (const peer of [first, ...peers]) peer.close();
  return each;
}

/**
 * Connections to an evaluator that keeps no Sandbox ready, milliseconds: the first of the process, which compiles the startup
 * files, and those that follow.
 */
async function cold(): Promise<{ first: number; next: number }> {
  const evaluator = await startOurs(['--spare', '0']);
  await setTimeout(PAUSE_MS);
  const first = await timed(() => describe(evaluator.port));
  const next = await describing(evaluator);
  evaluator.process.kill();
  return { first, next };
}

const ours = await startOurs();
const npm = await startNpm();
await setTimeout(1000);
const report = new Report('classic', { connections: CONNECTIONS, slices: SLICES, arrays: ARRAYS });
const coldMs = await cold();
const describeMs = { ours: await describing(ours), npm: await describing(npm) };
const emptyMs = { ours: await emptySlice(ours, SLICES.ours), npm: await emptySlice(npm, SLICES.npm) };
const array = { ours: await arraySlice(ours, ARRAYS.ours), npm: await arraySlice(npm, ARRAYS.npm) };
const idle = { ours: await idleMiB(ours, IDLE.ours), npm: await idleMiB(npm, IDLE.npm) };
const atOnceMs = await timed(async () => {
  const peers = await Promise.all(Array.from({ length: AT_ONCE }, () => describe(ours.port)));
  for (const peer of peers) peer.close();
});
ours.process.kill();
npm.process.kill();

const row = (
  what: string,
  { ours, npm }: { ours: number; npm: number },
): Record<string, string | number> => ({
  what,
  ours: digits(ours),
  'dcp-client (Node)': digits(npm),
  ratio: `${digits(npm / ours)}x`,
});
report.table('An evaluator for existing Workers', [
  row('connect → describe, warm, ms', describeMs),
  row('connect → describe, cold, ms', { ours: coldMs.next, npm: describeMs.npm }),
  row('the first of a process, ms', { ours: coldMs.first, npm: describeMs.npm }),
  row('empty Slice, ms', emptyMs),
  row('Slice with 1 MB Float32Array, ms', { ours: array.ours.all, npm: array.npm.all }),
  row('the same without KVIN and JSON, ms', { ours: array.ours.outside, npm: array.npm.outside }),
  row("and without the peer's bytes of text, ms", { ours: array.ours.between, npm: array.npm.between }),
  row('idle connection, MiB (PSS)', idle),
]);
report.data('figures', { describeMs, coldMs, emptyMs, array, idle, atOnceMs });
const stand = (figure: string, target: number, ratio: number): void => {
  report.standing(figure, `${target}x faster than dcp-client's`, `${digits(ratio)}x`, ratio >= target);
};
stand('connect → describe, warm', 10, describeMs.npm / describeMs.ours);
stand('connect → describe, cold', 4, describeMs.npm / coldMs.next);
stand('empty Slices', 10, emptyMs.npm / emptyMs.ours);
stand('Slices with 1 MB', 1.8, array.npm.all / array.ours.all);
stand('Slices with 1 MB, outside of KVIN and JSON', 10, array.npm.outside / array.ours.outside);
report.standing(
  "and without what the peer's own stream takes to make bytes of the text",
  '10x, reported',
  `${digits(array.npm.between / array.ours.between)}x`,
);
report.standing(
  `${AT_ONCE} connections at once, all described`,
  'all answered',
  `${digits(atOnceMs)} ms, ${digits(atOnceMs / AT_ONCE)} ms each`,
);
report.finish();
process.exit(0);
