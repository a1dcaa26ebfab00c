/**
 * `navigator`: what HTML gives every worker, and nothing of the machine. Constants are HTML's own.
 * https://html.spec.whatwg.org/#the-navigator-object
 */
import type { MakeGroup } from './realm.js';
import { defineInterface } from './webidl.js';

/** Only this file makes one. */
const MAKE = Symbol('make');

/** A Slice has one thread, however many the machine has. */
const THREADS = 1;
const PRODUCT = 'dcp-worker-native';

const makeNavigator: MakeGroup = (_host, realm) => {
  const { primordials } = realm;
  const languages = primordials.ObjectFreeze(['en']);

  class WorkerNavigator {
    readonly #isNavigator = true;

    constructor(...keys: unknown[]) {
      if (keys[0] !== MAKE) throw new primordials.TypeError('WorkerNavigator: Illegal constructor');
    }

    /** Every attribute is a constant, and only of a real navigator. */
    static #constant<T>(navigator: WorkerNavigator, value: T): T {
      if (!(#isNavigator in navigator)) {
        throw new primordials.TypeError('WorkerNavigator: Illegal invocation');
      }
      return value;
    }

    get appCodeName(): string {
      return WorkerNavigator.#constant(this, 'Mozilla');
    }
    get appName(): string {
      return WorkerNavigator.#constant(this, 'Netscape');
    }
    get appVersion(): string {
      return WorkerNavigator.#constant(this, '4.0');
    }
    get platform(): string {
      return WorkerNavigator.#constant(this, '');
    }
    get product(): string {
      return WorkerNavigator.#constant(this, 'Gecko');
    }
    get userAgent(): string {
      return WorkerNavigator.#constant(this, PRODUCT);
    }
    get language(): string {
      return WorkerNavigator.#constant(this, 'en');
    }
    get languages(): readonly string[] {
      return WorkerNavigator.#constant(this, languages);
    }
    get onLine(): boolean {
      return WorkerNavigator.#constant(this, false);
    }
    get hardwareConcurrency(): number {
      return WorkerNavigator.#constant(this, THREADS);
    }
    /** https://www.w3.org/TR/webgpu/#navigator-gpu */
    get gpu(): object {
      WorkerNavigator.#constant(this, null);
      return realm.group('webgpu').gpu;
    }
  }

  defineInterface(primordials, 'WorkerNavigator', WorkerNavigator);
  // Jobs that do not require WebGPU don't see that there could be one.
  if (!realm.webgpu) primordials.deleteProperty(WorkerNavigator.prototype, 'gpu');
  return { navigator: new WorkerNavigator(MAKE), WorkerNavigator };
};

export default makeNavigator;
