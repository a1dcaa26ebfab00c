import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * Where the packages lie that a package needs, and those need, as far as that is not within `shown`: Node takes a module by its real
 * path, and links in `node_modules` may lead anywhere, into a store that projects share or to somebody's checkout. A link is answered
 * as such.
 * @param root the real path of a package's folder
 */
export function linkedPackages(root: string, shown: readonly string[]): string[] {
  const real = shown.map((folder) => realpathSync.native(folder));
  const files = new Set<string>();
  const seen = new Set([root]);
  for (const folder of seen) {
    for (const name of needsOf(folder)) {
      const place = placeOf(name, folder);
      // Optional, or not installed: whoever needs it says so.
      if (place === null) continue;
      const target = realpathSync.native(place);
      if (!isIn(place, shown) || !isIn(target, real)) files.add(place);
      // A loop over a set comes to what is added meanwhile.
      seen.add(target);
    }
  }
  return [...files];
}

function needsOf(folder: string): string[] {
  const text = readFileSync(path.join(folder, 'package.json'), 'utf8');
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(text) as Manifest;
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

/** As Node looks for it: in the `node_modules` of the folder, and of those above. */
function placeOf(name: string, folder: string): string | null {
  for (let above = folder; ; above = path.dirname(above)) {
    const place = path.join(above, 'node_modules', name);
    if (existsSync(path.join(place, 'package.json'))) return place;
    if (above === path.dirname(above)) return null;
  }
}

function isIn(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => file === folder || file.startsWith(`${folder}/`));
}
