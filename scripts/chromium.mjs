/**
 * What the tests of the Worker's page need: Chromium, with two typefaces so that pictures look the same everywhere, and
 * `promtool`, which checks metrics. All are Debian's, unpacked under `.cache/`.
 *
 *   npm run chromium    fetches them once and says where they are
 *
 * An installed `chromium` is used as it is.
 */
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { missingPackages, unpackPackages, unpackedFile } from './debian-packages.mjs';
import { isProgram } from './steps.mjs';

const INSTALLED = '/usr/bin/chromium';
const NAME = 'chromium';
const PACKAGES = ['chromium', 'fonts-inter', 'fonts-jetbrains-mono'];
const PROGRAM = unpackedFile(NAME, 'usr/lib/chromium/chromium');
const FONTS = unpackedFile(NAME, 'fonts.conf');
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((machine) =>
  ['', '/pulseaudio'].map((folder) => unpackedFile(NAME, `usr/lib/${machine}${folder}`)),
);

const PROMTOOL_NAME = 'promtool';
const PROMTOOL_PACKAGE = 'prometheus';
const INSTALLED_PROMTOOL = '/usr/bin/promtool';
const PROMTOOL = unpackedFile(PROMTOOL_NAME, 'usr/bin/promtool');

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
  return [PROMTOOL, INSTALLED_PROMTOOL].find(runnable) ?? null;
}

/** Fetches what is missing. Answers a note of what it did; throws an error that says why it could not. */
export async function ensureChromium() {
  if (chromium() !== null) return 'there before';
  await unpackPackages(NAME, await missingPackages(PACKAGES));
  writeFileSync(FONTS, fontConfiguration());
  return 'Chromium and two typefaces';
}

/** As `ensureChromium`, for promtool. Its own package alone: what that depends on is for Prometheus' page. */
export async function ensurePromtool() {
  if (promtool() !== null) return 'there before';
  await unpackPackages(PROMTOOL_NAME, [PROMTOOL_PACKAGE]);
  return 'promtool';
}

/** The system's own typefaces are what is in the folder, whatever else the machine has. */
function fontConfiguration() {
  const cache = unpackedFile(NAME, 'font-cache');
  mkdirSync(cache, { recursive: true });
  const alias = (/** @type {string} */ family, /** @type {string} */ face) =>
    `<match target="pattern"><test name="family"><string>${family}</string></test>` +
    `<edit name="family" mode="assign" binding="strong"><string>${face}</string></edit></match>`;
  return [
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>',
    `<dir>${unpackedFile(NAME, 'usr/share/fonts')}</dir><dir>/usr/share/fonts</dir><cachedir>${cache}</cachedir>`,
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
  console.log(`Chromium: ${chromium()?.program}\npromtool: ${path.normalize(promtool() ?? '')}`);
}
