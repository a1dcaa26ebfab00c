/**
 * The attack corpus: what hostile code tries, and the watch that is kept while it does. A case says what is tried and where the
 * idea was published; what must not happen is nearly always the same, so it is looked for here, after every attack:
 *
 * - The attack reached nothing: it reports what it got hold of, and that must be nothing (`Attack.code`). Where it can be shown that it
 *   would report it, it is: in a sandbox that leaks (`Attack.control`). watch.test.ts does so for all else that is looked at here.
 * - Every Slice handed over is answered for exactly once, and no other is.
 * - Where the attack leaves its own Job unharmed, the Slices behind it have their right results.
 * - The next Sandbox of the same Job, in the same process, finds its realm as new, and gets its results right.
 * - A Sandbox of another Job, which runs all the while, gets its results right.
 * - The host's realm is as it was: no global, no intrinsic and no property of one has changed.
 * - What came back decodes, or is refused by `DecodingError`; none of it holds the host's or the neighbour's secret.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decode } from '#src/codec/index.js';
import type { Evaluator, Sandbox, SandboxObserver, SliceRejection } from '#src/evaluator/index.js';
import {
  DecodingError,
  Outcome,
  payloadAt,
  type JobLimits,
  type ResultBatch,
  type SliceMessage,
} from '#src/model/index.js';
import { HOST, jobOf, openHost, Recorder, runProgram, slices, type Ending } from '../evaluator/support.js';
import { realmDifferences, realmSnapshot } from './host-realm.js';

export interface Attack {
  readonly name: string;
  /** Where the idea was published. */
  readonly from: string;
  /**
   * The body of a sloppy-mode function. It answers, or its promise does, a text that says what it reached, and anything else,
   * or throws, when it got nowhere. `escaped(value)` is at hand: a text if the value leads out of the realm.
   */
  readonly code: string;
  /** What Slices behind the attack do before their answer; it reports like `code`. */
  readonly later?: string;
  /** The attack breaks what its own Job runs on: the results of its own Slices may be anything. Default false. */
  readonly spoilsOwnJob?: boolean;
  /** It must be the Sandbox's end: of the Slice that attacks, and with this code. */
  readonly endsWith?: RegExp;
  readonly limits?: Partial<JobLimits>;
  readonly requirements?: { readonly sharedArrayBuffer?: boolean };
  readonly skip?: string | false;
  /** In a sandbox with a way out (fixtures/leaky.ts) the same code finds it. */
  readonly control?: true;
}

/** What the host knows and no Work Function may learn. Made up anew, so that it is in no source text. */
export const HOST_SECRET = `host-${crypto.randomUUID()}`;
export const NEIGHBOUR_SECRET = `neighbour-${crypto.randomUUID()}`;

/**
 * In the Sandbox. An object or function is of another realm when its constructor chain leads to a Function whose code runs
 * somewhere else, or sees what no Sandbox has; or it is the object that native code gives the prelude.
 */
const PROBE = `
const realm = globalThis, Reflect0 = Reflect, Object0 = Object, Function0 = Function;
const escaped = (value) => {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined;
  for (const name of ['deliver', 'cpuNow', 'takeRejections', 'utf8Read'])
    try { if (typeof Object0.getOwnPropertyDescriptor(value, name)?.value === 'function') return 'reached the host object'; } catch {}
  try {
    for (let at = value, depth = 0; at !== null && at !== undefined && depth < 8; depth++) {
      const { constructor } = at;
      if (typeof constructor === 'function') {
        const maker = constructor.constructor;
        if (typeof maker === 'function' && maker !== Function0) {
          const other = maker('return globalThis')();
          if (typeof other === 'object' && other !== realm) return 'reached another realm';
          if (maker('return typeof process')() === 'object') return 'reached process';
        }
      }
      at = Object0.getPrototypeOf(at);
    }
  } catch {}
  return undefined;
};`;

function workFunction({ code, later }: Attack): string {
  return `(() => {${PROBE}
    const attack = function () {${code}\n};
    const later = function (datum) {${later ?? ''}\n};
    return (datum) => {
      if (datum === 'attack') return attack();
      const reached = later(datum);
      return typeof reached === 'string' && reached !== '' ? reached : datum * 2;
    };
  })()`;
}

const FOLLOWING = [21, 22, 23];
const ENOUGH_MS = 20_000;

/** Declares one test for each case. Call it once in a file. */
export function attacks(cases: readonly Attack[]): void {
  let evaluator: Evaluator;
  let neighbour: Neighbour;
  before(async () => {
    process.env['DCP_ISOLATION_SECRET'] = HOST_SECRET;
    (globalThis as Record<string, unknown>)['isolationSecret'] = HOST_SECRET;
    evaluator = await openHost(2);
    neighbour = await Neighbour.start(evaluator);
  });
  after(() => evaluator.close());

  for (const attack of cases) {
    test(`${attack.name} (${attack.from})`, { skip: attack.skip ?? false }, async () => {
      const realm = realmSnapshot();
      const witness = await run(evaluator, attack);
      check(attack, witness);
      await isUnspoiled(evaluator);
      await neighbour.isWell();
      assert.deepEqual(realmDifferences(realm), []);
    });
    // It says nothing of either host: once is enough.
    if (attack.control !== true || !inProcess) continue;
    test(`where there is a way out, this reports it: ${attack.name}`, async () => {
      const { stdout, stderr } = await runFixture(workFunction(attack));
      assert.match(stdout, /reached (another realm|process)/, stderr);
    });
  }
}

function runFixture(source: string): Promise<Ending> {
  return runProgram(new URL('./fixtures/leaky.js', import.meta.url), [source]);
}

/** What an honest Work Function finds and answers. A Job of that name has been attacked from within before. */
const HONEST = `(n) => {
  const names = Object.getOwnPropertyNames;
  return [
    n * 2, [].concat(1, [2]).map((x) => x * n), JSON.stringify({ n }), Object.keys(globalThis), new Uint8Array(8192).fill(n).slice(8190),
    [Object.prototype, Array.prototype, Function.prototype, Promise.prototype, Uint8Array.prototype].map((o) => [names(o).length, Object.isFrozen(o)]),
    [Array.prototype.map, Promise.prototype.then, Reflect.apply, Object.defineProperty].map((f) => /native code/.test(Function.prototype.toString.call(f))),
  ];
}`;
let honest: unknown = null;

/** The next Sandbox of the Job that attacked answers what the first one there ever was would. */
async function isUnspoiled(evaluator: Evaluator): Promise<void> {
  honest ??= await answerOfHonest(evaluator, 'unharmed');
  assert.deepEqual(
    await answerOfHonest(evaluator, 'attacker'),
    honest,
    'the next Sandbox of the Job is not as new',
  );
}

async function answerOfHonest(evaluator: Evaluator, id: string): Promise<unknown> {
  const seen = new Recorder();
  const sandbox = await evaluator.createSandbox(seen, { heapMiB: 48, bufferMiB: 64 });
  await sandbox.assign(jobOf(HONEST, { job: { id } }));
  sandbox.run(slices([7]));
  await seen.untilEnded(1);
  sandbox.dispose();
  return seen.values.get(1);
}

/** Runs the attack with Slices behind it, and those it takes with it in a Sandbox of their own. */
export async function run(evaluator: Evaluator, attack: Attack): Promise<Witness> {
  const witness = new Witness();
  const sandbox = await evaluator.createSandbox(witness, { heapMiB: 48, bufferMiB: 64 });
  const { sharedArrayBuffer = false } = attack.requirements ?? {};
  const job = jobOf(workFunction(attack), {
    // The Sandboxes of one Job share a process; attacks are told apart by what they do.
    job: { id: 'attacker', requirements: { environment: { sharedArrayBuffer } } },
    limits: { sliceTimeoutMs: 3000, progressTimeoutMs: 3000, ...attack.limits },
  });
  await sandbox.assign(job);
  sandbox.run(slices(['attack', ...FOLLOWING]));
  await witness.answered(1 + FOLLOWING.length);
  await dispose(sandbox, witness);
  return witness;
}

async function dispose(sandbox: Sandbox, witness: Witness): Promise<void> {
  sandbox.dispose();
  await witness.ended;
}

export function check(attack: Attack, witness: Witness): void {
  const [first, ...following] = [1, ...FOLLOWING.map((_, index) => index + 2)].map((number) =>
    witness.answerOf(number),
  );
  assert.ok(!witness.text.includes(HOST_SECRET), "the host's secret came back");
  assert.ok(!witness.text.includes(NEIGHBOUR_SECRET), "the neighbour's secret came back");
  assert.doesNotMatch(witness.text, /reached (?!nothing)/);
  if (attack.endsWith !== undefined) {
    assert.ok(first instanceof Error, `ended as ${String(first)}`);
    assert.match(String((first as Error & { code?: string }).code), attack.endsWith, first.message);
  }
  if (attack.spoilsOwnJob) return;
  // What it did is its own doing: a Slice that is only returned would be run again, and attack again.
  assert.notEqual(first, RETURNED, `the Sandbox ended: ${witness.end}`);
  assert.notEqual(typeof first, 'string', `the attack reached ${String(first)}`);
  following.forEach((answer, index) => {
    // A Sandbox that was ended with the attack returns the Slices behind it: they run elsewhere.
    if (answer !== RETURNED) assert.equal(answer, FOLLOWING[index]! * 2, describe(answer));
  });
}

function describe(answer: unknown): string {
  return answer instanceof Error ? (answer.stack ?? answer.message) : String(answer);
}

const RETURNED = Symbol('returned unfinished');
const UNREADABLE = Symbol('a payload that is refused');

/** Hears a Sandbox, holds it to its account, and never believes what it says. */
export class Witness implements SandboxObserver {
  readonly #answers = new Map<number, unknown>();
  /** All that came back, as text. */
  text = '';
  /** Why it ended. */
  end = '';
  #onEnded: () => void = () => undefined;
  readonly ended = new Promise<void>((resolve) => (this.#onEnded = resolve));
  #check: () => void = () => undefined;
  #faults: string[] = [];

  onResults(results: ResultBatch): void {
    results.numbers.forEach((number, index) => {
      let value: unknown = UNREADABLE;
      this.#keep(payloadAt(results, index).head);
      try {
        value = decode(payloadAt(results, index));
      } catch (error) {
        if (!(error instanceof DecodingError)) this.#faults.push(`decode threw ${String(error)}`);
      }
      if (results.outcomes[index] === Outcome.error && !(value instanceof Error))
        value = new Error(String(value));
      this.#answer(number, value);
    });
  }
  onMessages(messages: SliceMessage[]): void {
    for (const message of messages) {
      if (message.type === 'console') this.text += message.message.slice(0, 100_000);
      else {
        this.text += message.name.slice(0, 1000);
        this.#keep(message.value.head);
      }
    }
  }
  onRejected({ slice, reason }: SliceRejection): void {
    this.text += reason.slice(0, 100_000);
    this.#answer(slice, new Error(`rejected: ${reason}`));
  }
  onProgress(): void {
    // Nothing in it but a fraction.
  }
  onRequest(): void {}
  onRequestDropped(): void {}
  onDrained(): void {
    // Slices are counted one by one.
  }
  onEnded(error: Error | null, unfinished: Uint32Array): void {
    this.end = error?.message ?? '';
    this.text += this.end;
    for (const number of unfinished) this.#answer(number, RETURNED);
    this.#check();
    this.#onEnded();
  }

  answerOf(number: number): unknown {
    assert.deepEqual(this.#faults, []);
    assert.ok(this.#answers.has(number), `nothing was said of Slice ${number}`);
    return this.#answers.get(number);
  }

  answered(slices: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.#answers.size} of ${slices} answered`)),
        ENOUGH_MS,
      );
      this.#check = () => {
        if (this.#answers.size < slices) return;
        clearTimeout(timer);
        resolve();
      };
      this.#check();
    });
  }

  #keep(head: Uint8Array): void {
    this.text += Buffer.from(head.subarray(0, 100_000)).toString('latin1');
  }

  #answer(number: number, value: unknown): void {
    if (number < 1 || number > 1 + FOLLOWING.length) this.#faults.push(`an answer for Slice ${number}`);
    if (this.#answers.has(number)) this.#faults.push(`two answers for Slice ${number}`);
    this.#answers.set(number, value);
    this.#check();
  }
}

/** A Sandbox of somebody else's Job, with a secret of its own. */
export class Neighbour {
  #rounds = 0;
  readonly #values: unknown[] = [];
  #onValue: () => void = () => undefined;
  #end: Error | null = null;
  #sandbox!: Sandbox;

  static async start(evaluator: Evaluator): Promise<Neighbour> {
    const neighbour = new Neighbour();
    const observer: SandboxObserver = {
      onResults: (results) => {
        results.numbers.forEach((number, index) => {
          neighbour.#values[number] = decode(payloadAt(results, index));
        });
        neighbour.#onValue();
      },
      onMessages: () => undefined,
      onRejected: () => undefined,
      onProgress: () => undefined,
      onRequest: () => undefined,
      onRequestDropped: () => undefined,
      onDrained: () => undefined,
      onEnded: (error) => {
        neighbour.#end = error ?? new Error('disposed of');
        neighbour.#onValue();
      },
    };
    neighbour.#sandbox = await evaluator.createSandbox(observer, { heapMiB: 48, bufferMiB: 64 });
    const work = `(n, secret, bytes) => [n + 1, [].concat(1, [2]).map((x) => x * n), secret.length, bytes.length, Object.keys(globalThis)]`;
    const args = [NEIGHBOUR_SECRET, new Uint8Array(8192).fill(7)];
    await neighbour.#sandbox.assign(jobOf(work, { args, job: { id: 'neighbour' } }));
    return neighbour;
  }

  /** One more of its Slices is right. */
  async isWell(): Promise<void> {
    const number = ++this.#rounds;
    this.#sandbox.run(slices([number], number));
    while (this.#values[number] === undefined && this.#end === null)
      await new Promise<void>((resolve) => (this.#onValue = resolve));
    assert.equal(this.#end, null);
    const expected = [number + 1, [number, 2 * number], NEIGHBOUR_SECRET.length, 8192, []];
    assert.deepEqual(this.#values[number], expected);
  }
}

/** For cases that are about what shares a process with other Sandboxes. */
export const inProcess = HOST === 'in-process';
