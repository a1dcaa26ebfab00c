import { readFileSync } from 'node:fs';
import { GLOBAL_GROUPS } from '../sandbox/index.js';
import type { SandboxScripts } from './native.js';

let scripts: SandboxScripts | null = null;

/** The scripts of a Sandbox, as scripts/build.mjs wrote them; read once per thread. */
export function sandboxScripts(): SandboxScripts {
  scripts ??= {
    prelude: read('prelude'),
    groups: Object.entries(GLOBAL_GROUPS).map(([name, globals]) => ({
      name,
      globals,
      source: read(`environment/${name}`),
    })),
  };
  return scripts;
}

/** What opens WebGPU in a classic Sandbox. */
export function classicScript(): string {
  return read('classic');
}

function read(name: string): string {
  return readFileSync(new URL(`../sandbox/${name}.script.js`, import.meta.url), 'latin1');
}
