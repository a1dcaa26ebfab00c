/**
 * What the tests of the Worker's page need: Chromium, with two typefaces so that pictures look the same everywhere, and
 * `promtool`, which checks metrics. All are Debian's, unpacked under `.cache/`.
 *
 *   npm run chromium    fetches them once and says where they are
 *
 * An installed `chromium` is used as it is. Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { unpackDebianPackages } from './debian-packages.mjs';
import { isProgram, root, run } from './steps.mjs';

const FOLDER = path.join(root, '.cache/chromium');
const PACKAGES = ['chromium', 'fonts-inter', 'fonts-jetbrains-mono'];
const PROGRAM = path.join(FOLDER, 'usr/lib/chromium/chromium');
const FONTS = path.join(FOLDER, 'fonts.conf');
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((machine) =>
  ['', 'pulseaudio'].map((folder) => path.join(FOLDER, 'usr/lib', machine, folder)),
);
const INSTALLED = '/usr/bin/chromium';

const PROMTOOL_FOLDER = path.join(root, '.cache/promtool');
const PROMTOOLS = [path.join(PROMTOOL_FOLDER, 'promtool'), '/usr/bin/promtool'];

/** @param {string} file */
function runnable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The browser and what its process needs in its environment; null: there is none.
 * @returns {{program: string, env: Readonly<Record<string, string>>} | null}
 */
export function chromium() {
  if (existsSync(FONTS) && runnable(PROGRAM)) {
    const libraries = [...LIBRARIES.filter((folder) => existsSync(folder)), process.env.LD_LIBRARY_PATH];
    return {
      program: PROGRAM,
      env: { LD_LIBRARY_PATH: libraries.filter(Boolean).join(':'), FONTCONFIG_FILE: FONTS },
    };
  }
  return runnable(INSTALLED) ? { program: INSTALLED, env: {} } : null;
}

/** The program that checks metrics; null: there is none. */
export function promtool() {
  return PROMTOOLS.find(runnable) ?? null;
}

/** Fetches what is missing. Answers a note of what it did; throws an error that says why it could not. */
export async function ensureChromium() {
  if (chromium() !== null) return 'there before';
  await unpackDebianPackages(FOLDER, await missingPackages(PACKAGES), async (archives, ready) => {
    for (const archive of archives) await run('dpkg-deb', ['-x', archive, ready]);
  });
  writeFileSync(FONTS, fontConfiguration());
  return 'Chromium and two typefaces';
}

/** As `ensureChromium`, for promtool. It needs none of the packages that its own one depends on. */
export async function ensurePromtool() {
  if (promtool() !== null) return 'there before';
  await unpackDebianPackages(PROMTOOL_FOLDER, ['prometheus'], async ([archive], ready) => {
    const member = './usr/bin/promtool';
    const command = 'dpkg-deb --fsys-tarfile "$0" | tar -xf - --strip-components=3 -C "$1" "$2"';
    await run('sh', ['-c', command, /** @type {string} */ (archive), ready, member]);
  });
  return 'promtool';
}

/**
 * The packages, with those they depend on, that this machine lacks.
 * @param {readonly string[]} names
 * @returns {Promise<string[]>}
 */
async function missingPackages(names) {
  const args = ['--simulate', '--no-install-recommends', 'install', ...names];
  const plan = await run('apt-get', args, { timeoutMs: 60_000 });
  return [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => /** @type {string} */ (name));
}

/** The system's own typefaces are what is in the folder, whatever else the machine has. */
function fontConfiguration() {
  const cache = path.join(FOLDER, 'font-cache');
  mkdirSync(cache, { recursive: true });
  const alias = (/** @type {string} */ family, /** @type {string} */ face) =>
    `<match target="pattern"><test name="family"><string>${family}</string></test>` +
    `<edit name="family" mode="assign" binding="strong"><string>${face}</string></edit></match>`;
  return [
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>',
    `<dir>${path.join(FOLDER, 'usr/share/fonts')}</dir><dir>/usr/share/fonts</dir><cachedir>${cache}</cachedir>`,
    ...['system-ui', 'sans-serif'].map((family) => alias(family, 'Inter')),
    ...['ui-monospace', 'monospace'].map((family) => alias(family, 'JetBrains Mono')),
    '</fontconfig>\n',
  ].join('\n');
}

if (isProgram(import.meta.url)) {
  try {
    await ensureChromium();
    await ensurePromtool();
  } catch (error) {
    console.error(`chromium: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  console.log(`Chromium: ${chromium()?.program}\npromtool: ${promtool()}`);
}
