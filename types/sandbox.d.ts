/**
 * What a Work Function finds besides the language and the web, for compilers: a TypeScript file that has one in it begins with
 *
 *   /// <reference types="dcp-worker-native/sandbox" />
 *
 * Outside of a Sandbox there is nothing of these names. Files that are imported as bytes or as text are in assets.d.ts.
 */
/// <reference path="./assets.d.ts" />
declare global {
  /** A sign of life: 0 to 1, `'42%'`, or nothing. */
  function progress(fraction?: number | string): boolean;

  // As @types/node has it, which may be there, too.
  namespace NodeJS {
    interface Require {
      (id: string): any;
    }
  }
  /** What `job.requires` named. */
  var require: NodeJS.Require;

  /** Runs `callback` in a turn of its own, after what is to be done now. The number is for `clearImmediate`. */
  function setImmediate<Args extends unknown[]>(callback: (...args: Args) => void, ...args: Args): number;
  function clearImmediate(id?: number): void;

  const work: {
    /** A `custom` event for the client. */
    emit(name: string, value?: unknown): void;
    /** Gives the Slice up. It runs again, here or elsewhere, up to `retries` (0 to 1000, default 0) times. */
    reject(reason?: unknown, retries?: number): never;
    readonly job: {
      readonly public: { readonly name: string; readonly description: string; readonly link: string };
    };
  };
}

export {};
