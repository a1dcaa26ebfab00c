/** The Worker's configuration file, edited as its operator would. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Random } from '../../fuzz/mutate.js';

interface Settings {
  readonly cpu: number;
  readonly maxSandboxes: number;
  readonly profile: 'inUse' | 'idle' | null;
  readonly origins: readonly string[];
  readonly stopTimeout: number;
}

/** Sandboxes of the profiles, whatever else is said. */
const PROFILE_CPU = { inUse: 1, idle: 3 } as const;
const FIRST: Settings = { cpu: 2, maxSandboxes: 4, profile: null, origins: [], stopTimeout: 2 };

/** Lines of a wrong file, each with a mistake of its own. */
const MISTAKES = 900;

export class Configuration {
  readonly #file: string;
  #settings = FIRST;

  constructor(home: string) {
    this.#file = path.join(home, '.dcp/dcp-worker/dcp-config.js');
    mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    this.restore();
  }

  /** Places that the right file asks for. */
  get places(): number {
    const { cpu, maxSandboxes, profile } = this.#settings;
    return Math.min(maxSandboxes, profile === null ? cpu : PROFILE_CPU[profile]);
  }

  /** Writes another right file. Answers the keys that have changed. */
  edit(random: Random): string[] {
    const before = this.#settings;
    const origins = Array.from({ length: random.below(3) }, () => `https://h${random.below(99)}.example.com`);
    this.#settings = {
      cpu: 1 + random.below(4),
      maxSandboxes: 1 + random.below(4),
      profile: random.pick(['inUse', 'idle', null]),
      origins: [...new Set(origins)],
      stopTimeout: 1 + random.below(3),
    };
    this.restore();
    const after = this.#settings;
    const keys: [string, boolean][] = [
      ['worker.cores.cpu', before.cpu !== after.cpu],
      ['worker.maxSandboxes', before.maxSandboxes !== after.maxSandboxes],
      ['worker.profile', before.profile !== after.profile],
      ['worker.allowOrigins.any', before.origins.join() !== after.origins.join()],
      ['worker.stopTimeout', before.stopTimeout !== after.stopTimeout],
    ];
    return keys.filter(([, isOther]) => isOther).map(([key]) => key);
  }

  /** A file that must not count. */
  spoil(random: Random): void {
    const lines = Array.from({ length: MISTAKES }, (_, i) => `    'http://${i} is no origin',`);
    this.#write(
      random.pick([
        `{ worker: { cores: { cpu: 7 }, maxSandboxes: 'many' } }`,
        `{ worker: { cores: { cpu: 7 }, `,
        `{ worker: { cores: { cpu: -1 } } }`,
        `{ worker: { cores: { cpu: 7 }, allowOrigins: { any: [\n${lines.join('\n')}\n] } } }`,
      ]),
    );
  }

  /** The one whose refusal is the longest. */
  spoilAtLength(): void {
    const lines = Array.from({ length: MISTAKES }, (_, i) => `    'http://${i} is no origin',`);
    this.#write(`{ worker: { allowOrigins: { any: [\n${lines.join('\n')}\n] } } }`);
  }

  /** The right file. */
  restore(): void {
    const { cpu, maxSandboxes, profile, origins, stopTimeout } = this.#settings;
    this.#write(
      `{
  worker: {
    cores: { cpu: ${cpu} },
    maxSandboxes: ${maxSandboxes},
    profiles: {
      inUse: { cores: { cpu: ${PROFILE_CPU.inUse} } },
      idle: { cores: { cpu: ${PROFILE_CPU.idle} } },
    },
${profile === null ? '' : `    profile: '${profile}',\n`}    allowOrigins: { any: ${JSON.stringify(origins)} },
    stopTimeout: ${stopTimeout},
  },
}
`,
    );
  }

  #write(text: string): void {
    writeFileSync(`${this.#file}.next`, text, { mode: 0o600 });
    renameSync(`${this.#file}.next`, this.#file);
  }
}
