/** Times several subjects turn about, so that whatever else the machine does meets them alike. */

/** One figure over the runs of a subject. */
export interface Spread {
  readonly median: number;
  readonly quartiles: readonly [number, number];
  readonly least: number;
  readonly most: number;
}

/** Microseconds per turn; CPU time is that of all threads of the process. */
export interface Figures {
  readonly wallUs: Spread;
  readonly cpuUs: Spread;
}

export interface Subject {
  /** What is measured once per run; makes `turns` turns. */
  run(): unknown;
  /** Made ready before the clock starts. */
  prepare?(): unknown;
  /** Put away after it has stopped. */
  finish?(): unknown;
  readonly turns: number;
}

export interface MeasureOptions {
  /** Runs that count. */
  readonly rounds?: number;
  /** Runs before those, which do not. */
  readonly warmUp?: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (fraction: number): number => sorted[Math.round(fraction * (sorted.length - 1))]!;
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)], least: at(0), most: at(1) };
}

export async function measure<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  { rounds = 15, warmUp = 3 }: MeasureOptions = {},
): Promise<Record<Name, Figures>> {
  const entries = Object.entries<Subject>(subjects);
  const times = new Map(entries.map(([name]) => [name, { wall: [] as number[], cpu: [] as number[] }]));
  for (let round = -warmUp; round < rounds; round++) {
    for (const [name, subject] of entries) {
      await subject.prepare?.();
      const cpu = process.cpuUsage();
      const begin = process.hrtime.bigint();
      await subject.run();
      const wall = Number(process.hrtime.bigint() - begin) / 1e3;
      const used = process.cpuUsage(cpu);
      await subject.finish?.();
      if (round < 0) continue;
      times.get(name)!.wall.push(wall / subject.turns);
      times.get(name)!.cpu.push((used.user + used.system) / subject.turns);
    }
  }
  return Object.fromEntries(
    entries.map(([name]) => {
      const { wall, cpu } = times.get(name)!;
      return [name, { wallUs: spread(wall), cpuUs: spread(cpu) }];
    }),
  ) as Record<Name, Figures>;
}
