/** The fields of a source map (ECMA-426) that are looked at here; the others stay as they are. */
interface SourceMap {
  sources: (string | null)[];
}

/**
 * A source map as it travels: sources are named as a reader of a stack knows them, by their path in the project or, in a
 * package, from `node_modules/` on. What the bundler made up has no source.
 */
export function relativeSourceMap(text: string): Uint8Array {
  const map = JSON.parse(text) as SourceMap;
  map.sources = map.sources.map((source) => {
    const name = source === null ? '<' : decodeURI(source);
    if (name.startsWith('<') || name.startsWith('dcp:')) return null;
    const inPackage = name.lastIndexOf('/node_modules/');
    return inPackage < 0 ? name : name.slice(inPackage + 1);
  });
  return new TextEncoder().encode(JSON.stringify(map));
}
