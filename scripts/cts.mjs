/**
 * WebGPU's conformance test suite (https://github.com/gpuweb/cts), a whole checkout of it: the one that Firefox keeps in its sources, out of
 * Debian's source package, under `.cache/cts/`.
 *
 *   npm run cts      fetches it once and says where it is
 *
 * Some 680 MB pass by, of which 20 are kept, and minutes of a core, so nothing but `npm run conformance` asks for it. Imports Node's own
 * modules alone, like scripts/setup.mjs.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { reasonOf } from './debian-packages.mjs';
import { isProgram, root, run } from './steps.mjs';

const FOLDER = path.join(root, '.cache/cts');
const PACKAGE = 'firefox-esr';
/** Below the archive's only folder. */
const MEMBER = 'dom/webgpu/tests/cts/checkout';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** How long lists of packages may take to come, milliseconds. */
const LISTS_MS = 300_000;

/** Where the checkout is, or will be. Beside it, `version.txt` says where it is from. */
export const ctsCheckout = path.join(FOLDER, 'checkout');

/** Whether it has been fetched. */
export function hasCts() {
  return existsSync(ctsCheckout);
}

/**
 * Fetches what is missing. Answers a note of what it did; throws an error that says why it could not.
 * @returns {Promise<string>}
 */
export async function ensureCts() {
  if (hasCts()) return 'fetched before';
  mkdirSync(path.dirname(FOLDER), { recursive: true });
  const work = mkdtempSync(`${FOLDER}-`);
  try {
    const archive = await findArchive(work);
    const ready = path.join(work, 'ready');
    mkdirSync(ready);
    await unpackFromStream(archive, ready);
    const version = path.posix.basename(archive.url);
    writeFileSync(path.join(ready, 'version.txt'), `${version}\n`);
    rmSync(FOLDER, { recursive: true, force: true });
    renameSync(ready, FOLDER);
    return `out of ${version}`;
  } catch (error) {
    throw new Error(`Debian's source package ${PACKAGE} cannot be had: ${reasonOf(error)}`, { cause: error });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @typedef {{readonly url: string, readonly sha256: string}} Archive a tar.xz */

/**
 * Asks apt, which checks the signatures, with lists of its own: the machine's are rarely about sources, and stay as they are.
 * @param {string} work
 * @returns {Promise<Archive>}
 */
async function findArchive(work) {
  const targets = await run('apt-get', [
    ...['indextargets', '--format', '$(SITE) $(RELEASE) $(COMPONENT)'],
    ...['Created-By: Packages', 'Origin: Debian'],
  ]);
  const lists = path.join(work, 'lists');
  mkdirSync(path.join(lists, 'partial'), { recursive: true });
  const sources = path.join(work, 'sources.list');
  writeFileSync(sources, sourcesOf(targets));
  const settings = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': lists,
    'Dir::Cache': work,
    // apt drops to a user of its own where it may, and that user cannot write here.
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run('apt-get', [...options, 'update'], { timeoutMs: LISTS_MS });
  return archiveOf(await run('apt-get', [...options, '--print-uris', '--download-only', 'source', PACKAGE]));
}

/**
 * The lines of a sources.list for the sources of what is installed from. Exported for its tests.
 * @param {string} targets as `apt-get indextargets` answers them: site, release, component
 */
export function sourcesOf(targets) {
  const lines = targets.split('\n').flatMap((line) => {
    const [site, release, component] = line.trim().split(' ');
    return component === 'main' ? [`deb-src [signed-by=${KEYRING}] ${site} ${release} main`] : [];
  });
  if (lines.length === 0) throw new Error('apt has no list of packages of Debian: run apt-get update');
  return `${[...new Set(lines)].join('\n')}\n`;
}

/**
 * What Firefox's authors released, as distinguished from translations and from what Debian adds. Exported for its tests.
 * @param {string} uris as `apt-get --print-uris source` answers them
 * @returns {Archive}
 */
export function archiveOf(uris) {
  const found = /^'(?<url>[^']+)' \S+[.]orig[.]tar[.]xz \d+ SHA256:(?<sha256>[0-9a-f]{64})$/m.exec(uris);
  if (!found?.groups) throw new Error('apt names no .orig.tar.xz with a SHA-256');
  return /** @type {Archive} */ ({ ...found.groups });
}

/**
 * Downloads an archive and unpacks the suite as it comes: the archive as a whole is nowhere. Rejects when the SHA-256 is another one; what
 * has been unpacked until then is worth nothing. Exported for its tests.
 * @param {Archive} archive
 * @param {string} folder
 */
export async function unpackFromStream({ url, sha256 }, folder) {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`${url}: HTTP ${response.status}`);
  const strip = MEMBER.split('/').length;
  const tar = spawn('tar', ['-xJ', `--strip-components=${strip}`, '--wildcards', `*/${MEMBER}`], {
    cwd: folder,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let complaint = '';
  tar.stderr.on('data', (chunk) => (complaint += String(chunk)));
  const ended = new Promise((resolve, reject) => {
    tar.on('error', reject);
    tar.on('close', resolve);
  });
  const hash = createHash('sha256');
  const hashed = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const body = Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (response.body));
  const [streamed, code] = await Promise.allSettled([pipeline(body, hashed, tar.stdin), ended]);
  // A tar that gave up closes the stream: what it says is why.
  if (code.status === 'rejected') throw code.reason;
  if (code.value !== 0) throw new Error(`${url}: tar: ${complaint.trim() || `exit code ${code.value}`}`);
  if (streamed.status === 'rejected') throw streamed.reason;
  const actual = hash.digest('hex');
  if (actual !== sha256) throw new Error(`${url}: its SHA-256 is ${actual}, not ${sha256}`);
}

if (isProgram(import.meta.url)) {
  try {
    await ensureCts();
  } catch (error) {
    console.error(`cts: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  console.log(`The conformance test suite of WebGPU: ${ctsCheckout}`);
}
