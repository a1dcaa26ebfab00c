/** A checkout of the suite (https://github.com/gpuweb/cts): whether it is one, and which spec files there are. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The only suite of a checkout that is about WebGPU; the others test the framework. */
const SUITE = 'webgpu';

/** What the script imports of the framework, below src/, without the ending. */
export const FRAMEWORK = {
  TestFileLoader: 'common/internal/file_loader',
  Logger: 'common/internal/logging/logger',
  parseQuery: 'common/internal/query/parseQuery',
} as const;

/** Of a bad command line or checkout; the message is for the person who typed. */
export class UsageError extends Error {}

/**
 * The spec files that queries are about, as paths below src/ with `/`, sorted.
 * @param queries as in `webgpu:api,operation,*`, `webgpu:api,operation,labels:*` and finer
 */
export function specFilesOf(checkout: string, queries: readonly string[]): string[] {
  const source = path.join(checkout, 'src');
  const suite = path.join(source, SUITE);
  if (!existsSync(checkout)) throw new UsageError(`--cts: there is no ${checkout}`);
  for (const name of Object.values(FRAMEWORK)) {
    const file = `${path.join(source, name)}.ts`;
    if (!existsSync(file))
      throw new UsageError(`--cts ${checkout}: no checkout of gpuweb/cts: it has no ${file}`);
  }
  if (!existsSync(suite))
    throw new UsageError(`--cts ${checkout}: no checkout of gpuweb/cts: it has no ${suite}`);
  const all = readdirSync(suite, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.spec.ts'))
    .map((name) => `${SUITE}/${name.split(path.sep).join('/')}`)
    .sort();
  const chosen = new Set<string>();
  for (const query of queries) {
    const matches = matcherOf(query);
    const found = all.filter(matches);
    if (found.length === 0) throw new UsageError(`query ${query}: no spec file in ${suite} matches it`);
    for (const file of found) chosen.add(file);
  }
  return all.filter((file) => chosen.has(file));
}

/** Whether a spec file may have cases of a query. */
function matcherOf(query: string): (file: string) => boolean {
  const [suite, file, ...finer] = query.split(':');
  if (suite !== SUITE || file === undefined) {
    throw new UsageError(`query ${query}: it must begin with "${SUITE}:", as in ${SUITE}:api,operation,*`);
  }
  const parts = file.split(',');
  const wild = parts.at(-1) === '*';
  if (wild === finer.length > 0) {
    const wanted = `"${SUITE}:api,operation,*" for files, "${SUITE}:api,operation,labels:*" for tests of one`;
    throw new UsageError(`query ${query}: it must be like ${wanted}`);
  }
  const wantedPath = [SUITE, ...(wild ? parts.slice(0, -1) : parts)].join('/');
  return wild
    ? (name) => name.startsWith(`${wantedPath}/`) || name === `${wantedPath}.spec.ts`
    : (name) => name === `${wantedPath}.spec.ts`;
}
