/**
 * Nanoseconds for a call of WebGPU: the same JavaScript in a Sandbox and in dawn.node, and the same calls in C++ on the library that
 * Sandboxes use, turn about, on the same driver. An answer's round trip (mapAsync …) counts as one call. What V8 takes for calls that do
 * nothing is timed beside them: C++ and that is what a binding could reach. A ratio is the median of the rounds' ratios: a machine that is
 * slower for a while is so for all of a round.
 */
import { CALL_SETS, openCalls, type Timed } from './webgpu/calls.js';
import { openDawnNodeEngine, openSandboxEngine } from './webgpu/engines.js';
import { openNativeCalls } from './webgpu/native-calls.js';
import { timeV8 } from './webgpu/v8-calls.js';
import { spread } from './harness/measure.js';
import { Report, digits } from './harness/report.js';

const ROUNDS = 31;
/** What makes objects takes half in both engines once V8 has optimized it, which is after some 60 rounds. */
const WARM_UP = 100;

const sandbox = await openSandboxEngine(openCalls.toString());
const dawnNode = await openDawnNodeEngine(openCalls.toString());
const native = await openNativeCalls();

/** Milliseconds for so many calls, of who makes them. */
const ENGINES = {
  Sandbox: (call: string, { turns }: Timed) => sandbox.call('time', call, turns) as Promise<number>,
  'dawn.node': (call: string, { turns }: Timed) => dawnNode.call('time', call, turns) as Promise<number>,
  'C++': (call: string, { turns }: Timed) => native.time(call, turns),
  V8: (_call: string, timed: Timed) => timeV8(timed),
};
type EngineName = keyof typeof ENGINES;
const engines = Object.entries(ENGINES) as [EngineName, (typeof ENGINES)[EngineName]][];

interface Measured {
  readonly ns: Record<EngineName, ReturnType<typeof spread>>;
  /** Medians of the rounds' ratios. */
  readonly dawnNodeToOurs: number;
  readonly oursToC: number;
  readonly dawnNodeToC: number;
  /** What a binding would reach that did nothing itself. */
  readonly dawnNodeToLeast: number;
}

async function measureCall(call: string, timed: Timed): Promise<Measured> {
  const times: Record<EngineName, number[]> = { Sandbox: [], 'dawn.node': [], 'C++': [], V8: [] };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [name, time] of engines) {
      const ms = await time(call, timed);
      if (round >= 0) times[name].push((ms * 1e6) / timed.turns);
    }
  }
  const least = times['C++'].map((ns, round) => ns + times.V8[round]!);
  const ratio = (ones: readonly number[], others: readonly number[]) =>
    spread(ones.map((ns, round) => ns / others[round]!)).median;
  return {
    ns: {
      Sandbox: spread(times.Sandbox),
      'dawn.node': spread(times['dawn.node']),
      'C++': spread(times['C++']),
      V8: spread(times.V8),
    },
    dawnNodeToOurs: ratio(times['dawn.node'], times.Sandbox),
    oursToC: ratio(times.Sandbox, times['C++']),
    dawnNodeToC: ratio(times['dawn.node'], times['C++']),
    dawnNodeToLeast: ratio(times['dawn.node'], least),
  };
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

const report = new Report('webgpu-calls', {
  rounds: ROUNDS,
  adapters: {
    Sandbox: await sandbox.call('adapter'),
    'dawn.node': await dawnNode.call('adapter'),
    'C++': native.adapter,
  },
});
const all: Measured[] = [];
const means: Record<string, string | number>[] = [];
const mean = (set: string, measured: readonly Measured[]): void => {
  means.push({
    set,
    calls: measured.length,
    'dawn.node ÷ Sandbox': digits(geometricMean(measured.map(({ dawnNodeToOurs }) => dawnNodeToOurs))),
    'Sandbox ÷ C++': digits(geometricMean(measured.map(({ oursToC }) => oursToC))),
    'dawn.node ÷ C++': digits(geometricMean(measured.map(({ dawnNodeToC }) => dawnNodeToC))),
    'dawn.node ÷ (C++ and V8)': digits(geometricMean(measured.map(({ dawnNodeToLeast }) => dawnNodeToLeast))),
  });
};
for (const [set, calls] of Object.entries(CALL_SETS)) {
  const measured: Record<string, Measured> = {};
  for (const [call, timed] of Object.entries(calls) as [string, Timed][])
    measured[call] = await measureCall(call, timed);
  report.data(set, measured);
  report.table(
    `${set}, ns a call`,
    Object.entries(measured).map(([call, { ns, dawnNodeToOurs, oursToC, dawnNodeToLeast }]) => ({
      call,
      Sandbox: digits(ns.Sandbox.median),
      quartiles: `${digits(ns.Sandbox.quartiles[0])} – ${digits(ns.Sandbox.quartiles[1])}`,
      'dawn.node': digits(ns['dawn.node'].median),
      'C++': digits(ns['C++'].median),
      V8: digits(ns.V8.median),
      'dawn.node ÷ Sandbox': digits(dawnNodeToOurs),
      'Sandbox ÷ C++': digits(oursToC),
      'dawn.node ÷ (C++ and V8)': digits(dawnNodeToLeast),
    })),
  );
  mean(set, Object.values(measured));
  all.push(...Object.values(measured));
}
mean('all calls', all);
report.table('geometric means', means);
report.data('geometric means', means);

await Promise.all([sandbox.close(), dawnNode.close(), native.close()]);
const faster = geometricMean(all.map(({ dawnNodeToOurs }) => dawnNodeToOurs));
const slower = geometricMean(all.map(({ oursToC }) => oursToC));
report.standing('WebGPU calls against dawn.node', 'at least 5× faster', `${digits(faster)}×`, faster >= 5);
report.standing('WebGPU calls against C++', 'at most 2× the time', `${digits(slower)}×`, slower <= 2);
report.finish();
process.exit(0);
