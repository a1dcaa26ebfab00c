/** The Vulkan loader and the drivers it would find on this machine (Vulkan-Loader, "LoaderDriverInterface"). */
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { loadNative } from '../native.js';

export const VULKAN_LOADER = 'libvulkan.so.1';

export interface VulkanDriver {
  readonly manifest: string;
  /** As the manifest names it, or empty. */
  readonly library: string;
  /** Why it cannot be used; null: it can be loaded. */
  readonly problem: string | null;
}

/** Why the loader cannot be used, null when it can. */
export function loaderProblem(): string | null {
  return loadNative().tryLibrary(VULKAN_LOADER) || null;
}

/** The drivers there are manifests of, whether they load or not. */
export function findDrivers(env: NodeJS.ProcessEnv = process.env): VulkanDriver[] {
  return namedDrivers(env).map((driver) =>
    driver.problem === null
      ? { ...driver, problem: loadNative().tryLibrary(driver.library) || null }
      : driver,
  );
}

/** The same, without trying whether they load: `problem` says of some that they cannot. */
export function namedDrivers(env: NodeJS.ProcessEnv = process.env): VulkanDriver[] {
  return driverManifests(env).map((manifest) => {
    let text: string;
    try {
      text = readFileSync(manifest, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return {
        manifest,
        library: '',
        problem: code === 'ENOENT' ? 'no such file' : `it cannot be read: ${code}`,
      };
    }
    try {
      const parsed = JSON.parse(text) as { ICD?: { library_path?: unknown } | null } | null;
      const named = parsed?.ICD?.library_path;
      if (typeof named !== 'string' || named === '')
        return { manifest, library: '', problem: 'it names no library_path' };
      const library = named.includes('/') ? path.resolve(path.dirname(manifest), named) : named;
      return { manifest, library, problem: null };
    } catch {
      return { manifest, library: '', problem: 'it is not JSON' };
    }
  });
}

/** Manifests in the order in which the loader reads them. */
export function driverManifests(env: NodeJS.ProcessEnv = process.env): string[] {
  const named = env['VK_DRIVER_FILES'] ?? env['VK_ICD_FILENAMES'];
  if (named !== undefined && named !== '') return list(named).flatMap(filesOf);
  const home = env['HOME'] ?? homeOf();
  const folders = [
    ...list(env['XDG_CONFIG_HOME'] ?? path.join(home, '.config')),
    ...list(env['XDG_CONFIG_DIRS'] ?? '/etc/xdg'),
    '/usr/local/etc',
    '/etc',
    ...list(env['XDG_DATA_HOME'] ?? path.join(home, '.local/share')),
    ...list(env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share'),
  ];
  return [...new Set(folders.flatMap((folder) => filesOf(path.join(folder, 'vulkan/icd.d'))))];
}

/** A confined process does not see the list of users; what is in their folders is not for it. */
function homeOf(): string {
  try {
    return homedir();
  } catch {
    return '/nonexistent';
  }
}

function list(value: string): string[] {
  return value.split(':').filter((entry) => entry !== '');
}

/** The manifest itself, or those in the folder. */
function filesOf(place: string): string[] {
  if (place.endsWith('.json')) return [place];
  try {
    return readdirSync(place)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => path.join(place, name));
  } catch {
    return [];
  }
}
