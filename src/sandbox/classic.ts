/**
 * What WebGPU needs in a classic Sandbox (native/classic): the realm that the environment's groups share, of which only
 * those are ever made that WebGPU is made of. Runs at the first `initWebGPU()`, so no other Sandbox pays for it. Bundled
 * into one script (scripts/build.mjs).
 */
import { Clock } from './clock.js';
import { primordials } from './environment/primordials.js';
import type { EnvironmentHost } from './environment/host.js';
import type { Realm } from './environment/realm.js';
import { defineInterface } from './environment/webidl.js';
import { explain, ownStack } from './failure.js';
import { defineGlobal } from './globals.js';
import type { Host } from './host.js';

interface ClassicHost extends Host {
  /** One line of the evaluator's own to whoever is at the other end. */
  log(text: string): void;
}

/** There is no canvas. The startup files of dcp-client look at its prototype all the same. */
class GPUCanvasContext {
  constructor() {
    throw new primordials.TypeError('GPUCanvasContext: Illegal constructor');
  }
}

export function startClassic(host: ClassicHost): Realm {
  defineInterface(primordials, 'GPUCanvasContext', GPUCanvasContext);
  defineGlobal('GPUCanvasContext', GPUCanvasContext);
  const realm = {
    primordials,
    webgpu: true,
    clock: new Clock(host),
    explain,
    ownStack,
    // The startup files have no global events. What a listener throws nobody can catch.
    reports: {
      exception: (thrown: unknown) => {
        host.log(`Uncaught ${explain(thrown)}`);
      },
    },
    group: (name: string) => (host as unknown as EnvironmentHost).group(name) as never,
  };
  return realm as unknown as Realm;
}
