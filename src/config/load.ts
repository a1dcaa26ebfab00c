import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { argumentsLayer } from './arguments.js';
import { Config, type ConfigOptions, type ConfigPlace } from './config.js';
import { environmentLayer } from './environment.js';
import { readConfigFile } from './file.js';
import { integrityProblem } from './integrity.js';
import { BUILT_IN_POSITION, builtIn } from './keys.js';
import { readFileText } from './literals.js';
import { mergedLayers } from './merge.js';
import type { Branch } from './node.js';
import { EXTENSIONS, filePlaces, labelOf, type FilePlace, type Roots } from './places.js';
import { Problems, type Place, type Position } from './problem.js';
import { resolveReferences } from './references.js';
import { warnOfUnused } from './unused.js';
import { checkLayer, valuesOf } from './validate.js';
import { variable, type Environment } from './variables.js';

/**
 * Reads all places.
 * @throws {ConfigError} naming everything that is wrong in them
 * @throws {InvalidArgumentError} for a key in `argvLayer` that there is not
 */
export function loadConfig(options: ConfigOptions): Config {
  const env = options.env ?? process.env;
  const roots: Roots = {
    home: options.home ?? variable(env, 'DCP_HOMEDIR') ?? homedir(),
    etc: options.etc ?? variable(env, 'DCP_ETC') ?? variable(env, 'DCP_ETCDIR') ?? '/etc',
    package: options.package ?? path.resolve(import.meta.dirname, '../..'),
  };
  const base = options.cwd ?? process.cwd();
  const problems = new Problems();
  const places: ConfigPlace[] = [];
  const written: Branch[] = [];
  for (const place of filePlaces(options.program, roots, env)) {
    const { file, layer } = readPlace(place, options.program, roots.home, env, problems);
    places.push({ label: labelOf(place.stem, roots.home), file });
    if (layer !== null) written.push(layer);
  }
  written.push(environmentLayer(env, base, problems), argumentsLayer(options.argvLayer ?? [], base));
  const layers = resolveReferences(written, builtIn, problems);
  for (const layer of layers) checkLayer(layer, roots.home, problems);
  problems.throwErrors();
  const root = mergedLayers(layers, { kind: 'branch', position: BUILT_IN_POSITION, entries: new Map() });
  const values = valuesOf(root, roots.home);
  warnOfUnused(values, root, problems);
  return new Config({ ...options, env: { ...env } }, values, root, places, problems.warnings);
}

interface PlaceRead {
  /** The file that counts; null: there is none. */
  readonly file: string | null;
  readonly layer: Branch | null;
}

function readPlace(
  { stem, shipped }: FilePlace,
  program: string,
  home: string,
  env: Environment,
  problems: Problems,
): PlaceRead {
  const named = shipped && EXTENSIONS.some((extension) => stem.endsWith(extension));
  const files = (named ? [''] : EXTENSIONS).map((extension) => stem + extension);
  for (const [index, file] of files.entries()) {
    const outcome = readConfigFile(file, env);
    const place = { label: labelOf(file, home), base: null };
    if (outcome.kind === 'absent') continue;
    problems.announce(place);
    if (outcome.kind === 'hidden') {
      problems.warn(topOf(place), null, `cannot be looked for (${outcome.reason})`);
      continue;
    }
    for (const other of [...files.slice(index + 1), `${stem}.kvin`].filter((name) => existsSync(name)))
      problems.warn(
        topOf({ label: labelOf(other, home), base: null }),
        null,
        `not read: ${place.label} counts`,
      );
    if (outcome.kind === 'failed') {
      problems.error(topOf(place), null, outcome.reason);
      return { file, layer: null };
    }
    const integrity = shipped ? integrityProblem(file, outcome.bytes, program, env) : null;
    if (integrity !== null) problems[SEVERITIES[integrity.severity]](topOf(place), null, integrity.message);
    const dialect = file.endsWith('.js') ? 'js' : 'json';
    return { file, layer: readFileText({ place, text: outcome.text, dialect, env }, problems) };
  }
  const place = { label: labelOf(stem, home), base: null };
  if (shipped)
    problems.error(topOf(place), null, `there is no such file (${EXTENSIONS.join(', ')}), and there must be`);
  if (existsSync(`${stem}.kvin`))
    problems.error(
      topOf({ ...place, label: `${place.label}.kvin` }),
      null,
      'KVIN is not read here; write it as JSON',
    );
  return { file: null, layer: null };
}

const SEVERITIES = { error: 'error', warning: 'warn' } as const;

function topOf(place: Place): Position {
  return { place, line: null, column: null };
}

/**
 * The configuration as the places have it now; environment and command line are those of the start. On SIGHUP; a
 * configuration that is wrong throws, and the one before stays in force.
 * @throws {ConfigError}
 */
export function reloadConfig(config: Config): Config {
  return loadConfig(config.options);
}
