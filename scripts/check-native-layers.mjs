/**
 * Holds the direction of #include in native/: `addon → classic → sandbox → {webgpu, isolate} → v8`, `confinement` and
 * `system` each on its own, and the Node-API headers in addon/ alone. A layer may include itself and every layer below it.
 *
 *   node scripts/check-native-layers.mjs
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isProgram, root } from './steps.mjs';

/** What each layer may include besides itself. */
const MAY_INCLUDE = /** @type {Readonly<Record<string, readonly string[]>>} */ ({
  v8: [],
  isolate: ['v8'],
  webgpu: ['v8'],
  sandbox: ['webgpu', 'isolate', 'v8'],
  classic: ['sandbox', 'webgpu', 'isolate', 'v8'],
  confinement: [],
  system: [],
  addon: ['classic', 'sandbox', 'webgpu', 'isolate', 'v8', 'confinement', 'system'],
});

const NODE_API_HEADER = /^(napi(-inl)?(\.deprecated)?|node_api(_types)?|js_native_api(_types)?)\.h$/;

/** `#include "…"` or `<…>`, at the start of a line: a commented one is none. */
const INCLUDE = /^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)/gm;

/**
 * Every include that goes the wrong way, as `file:line: why`.
 * @param {string} native the folder that holds the layers
 * @returns {string[]}
 */
export function nativeLayerViolations(native) {
  /** @type {string[]} */
  const violations = [];
  const files = readdirSync(native, { recursive: true })
    .map(String)
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort();
  for (const file of files) {
    const layer = layerOf(file);
    if (layer === null) {
      violations.push(`${file}: in no layer; there are ${Object.keys(MAY_INCLUDE).join(', ')}`);
      continue;
    }
    const text = readFileSync(path.join(native, file), 'utf8');
    for (const match of text.matchAll(INCLUDE)) {
      const included = match[1] ?? match[2] ?? '';
      const why = whyNot(native, file, layer, included, match[1] !== undefined);
      if (why === null) continue;
      const line = text.slice(0, match.index).split('\n').length;
      violations.push(`${file}:${line}: ${why}`);
    }
  }
  return violations;
}

/**
 * @param {string} native
 * @param {string} file
 * @param {string} layer
 * @param {string} included
 * @param {boolean} quoted
 * @returns {string | null}
 */
function whyNot(native, file, layer, included, quoted) {
  if (NODE_API_HEADER.test(included)) {
    return layer === 'addon' ? null : `${included} belongs to addon/ alone, not to ${layer}/`;
  }
  // Like the compiler: beside the file first, then from native/. What is in neither place is not ours.
  const beside = path.join(path.dirname(file), included);
  const target = quoted && existsSync(path.join(native, beside)) ? beside : path.normalize(included);
  if (!existsSync(path.join(native, target))) return null;
  const below = layerOf(target);
  if (below === null || below === layer || MAY_INCLUDE[layer]?.includes(below)) return null;
  return `${layer}/ must not include ${target}: it may include ${MAY_INCLUDE[layer]?.join(', ') || 'no other layer'}`;
}

/** @param {string} file relative to native/ */
function layerOf(file) {
  const first = /** @type {string} */ (file.split(path.sep)[0]);
  return first in MAY_INCLUDE ? first : null;
}

/** Throws an error that lists the violations. @param {string} native */
export function checkNativeLayers(native) {
  const violations = nativeLayerViolations(native);
  if (violations.length > 0) throw new Error(`native/ breaks its layers:\n${violations.join('\n')}`);
}

if (isProgram(import.meta.url)) {
  const violations = nativeLayerViolations(path.join(root, 'native'));
  for (const violation of violations) console.error(violation);
  process.exit(violations.length > 0 ? 1 : 0);
}
