/**
 * Builds the Debian package out of this checkout, without debhelper and without root:
 *
 *   npm run deb [-- --node MAJOR] [--output FOLDER]     dist-deb/dcp-worker-native_VERSION_ARCH.deb
 *
 * The same checkout gives the same bytes: times are SOURCE_DATE_EPOCH, by default that of the last commit, and modes
 * those of `evenOut`. DEBFULLNAME and DEBEMAIL say who the maintainer is. docs/SERVICE.md says what is in the package.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildAll } from './build.mjs';
import {
  PACKAGE,
  conffilesOf,
  gatherCopyright,
  installDocumentation,
  installPrograms,
  installSystemFiles,
  maintainer,
} from './deb/system-files.mjs';
import { INSTALLED, installModules, installProgram, nativeFilesOf, readManifest, trim } from './deb/tree.mjs';
import { supportedMajors } from './nodes.mjs';
import { setUp } from './setup.mjs';
import { Steps, isProgram, root, run } from './steps.mjs';

/** The Node in the package: of the majors that every native test runs on the newest. */
const BUNDLED_MAJOR = 24;

const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/**
 * @param {{major?: number, output?: string, compression?: number, steps?: Steps}} [options] `compression`: xz's level, 0 to
 *   9; 1 takes a tenth of the time.
 * @returns {Promise<string>} the path of the package
 */
export async function buildDeb({
  major = BUNDLED_MAJOR,
  output = path.join(root, 'dist-deb'),
  compression = 6,
  steps = new Steps(),
} = {}) {
  const stage = mkdtempSync(path.join(tmpdir(), 'dcp-deb-'));
  const tree = path.join(stage, INSTALLED);
  const { bin: programs } = readManifest();
  const version = debianVersion();
  const date = new Date((await sourceDate()) * 1000);
  let nodeFolder = '';
  let copyright = '';
  let file = '';
  // A step that fails ends the program.
  const clean = () => rmSync(stage, { recursive: true, force: true });
  process.once('exit', clean);
  mkdirSync(tree, { recursive: true });
  await setUp(steps, { dryRun: false, checks: false, deb: true });
  await buildAll(steps, { native: false, typescript: true, tests: false, asan: false });
  await steps.must('production packages', () => installModules(tree));
  await steps.must(`addon, Node ${major}`, async () => {
    nodeFolder = await installProgram(tree, major);
  });
  await steps.must('licences', () => {
    copyright = gatherCopyright(tree, nodeFolder);
  });
  await steps.must('trim', () => trim(tree));
  await steps.must('units, programs, pages', async () => {
    installSystemFiles(stage);
    installPrograms(stage, programs);
    await installDocumentation(stage, { programs, version, date }, copyright);
  });
  await steps.must('dpkg-deb', async () => {
    const architecture = (await run('dpkg', ['--print-architecture'])).trim();
    await writeControl(stage, version, architecture);
    evenOut(stage, date);
    mkdirSync(output, { recursive: true });
    file = path.join(output, `${PACKAGE}_${version}_${architecture}.deb`);
    const how = ['--root-owner-group', '-Zxz', `-z${compression}`, '--threads-max=2'];
    await run('dpkg-deb', [...how, '--build', stage, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(date.getTime() / 1000) },
    });
    return `${path.relative(root, file)}, ${(statSync(file).size / 1e6).toFixed(1)} MB`;
  });
  clean();
  process.off('exit', clean);
  return file;
}

/** Seconds since 1970. */
async function sourceDate() {
  const { SOURCE_DATE_EPOCH } = process.env;
  if (SOURCE_DATE_EPOCH === undefined) return Number(await run('git', ['log', '-1', '--format=%ct']));
  if (!/^\d+$/.test(SOURCE_DATE_EPOCH))
    throw new Error(`SOURCE_DATE_EPOCH: expected seconds since 1970, got ${SOURCE_DATE_EPOCH}`);
  return Number(SOURCE_DATE_EPOCH);
}

/** The changelog's, which must be a revision of package.json's. */
export function debianVersion() {
  const changelog = readFileSync(path.join(root, 'packaging/debian/changelog'), 'utf8');
  const version = /^dcp-worker-native \(([^)]+)\)/.exec(changelog)?.[1] ?? 'none';
  const upstream = readManifest().version;
  if (!version.startsWith(`${upstream}-`))
    throw new Error(
      `packaging/debian/changelog: its version is ${version}; package.json has ${upstream}: add an entry`,
    );
  return version;
}

/** @param {string} stage @param {string} version @param {string} architecture */
async function writeControl(stage, version, architecture) {
  const control = path.join(stage, 'DEBIAN');
  const files = filesOf(stage);
  // Before DEBIAN/ is there: dpkg counts what it installs, in KiB, a file at least one.
  const size = files.reduce((sum, file) => sum + Math.ceil(lstatSync(file).size / 1024), 0);
  const sums = files
    .filter((file) => lstatSync(file).isFile() && !file.startsWith(path.join(stage, 'etc/')))
    .map(
      (file) =>
        `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${path.relative(stage, file)}`,
    );
  const values = {
    Version: version,
    Architecture: architecture,
    Maintainer: maintainer(),
    'Installed-Size': String(size),
    'Shared-Libraries': await sharedLibraries(stage),
  };
  mkdirSync(control, { mode: 0o755 });
  writeFileSync(path.join(control, 'control'), fillIn(controlTemplate(), values));
  writeFileSync(path.join(control, 'md5sums'), `${sums.join('\n')}\n`);
  writeFileSync(path.join(control, 'conffiles'), `${conffilesOf(stage).join('\n')}\n`);
  for (const script of SCRIPTS) {
    cpSync(path.join(root, 'packaging/debian', script), path.join(control, script));
    chmodSync(path.join(control, script), 0o755);
  }
}

function controlTemplate() {
  return readFileSync(path.join(root, 'packaging/debian/control'), 'utf8');
}

/** @param {string} template @param {Readonly<Record<string, string>>} values */
export function fillIn(template, values) {
  return template.replace(/\$\{([^}]+)\}/g, (_whole, name) => {
    const value = values[name];
    if (value === undefined) throw new Error(`packaging/debian/control: nothing to put in for ${name}`);
    return value;
  });
}

/** The packages that bring the libraries which native files are linked with. @param {string} stage */
async function sharedLibraries(stage) {
  const work = mkdtempSync(path.join(tmpdir(), 'dcp-shlibs-'));
  try {
    mkdirSync(path.join(work, 'debian'));
    // All that dpkg-shlibdeps wants of it is that it is there.
    writeFileSync(
      path.join(work, 'debian/control'),
      `Source: ${PACKAGE}\n\nPackage: ${PACKAGE}\nArchitecture: any\n`,
    );
    const files = nativeFilesOf(path.join(stage, INSTALLED));
    const output = await run('dpkg-shlibdeps', ['-O', ...files], { cwd: work });
    const dependencies = /^shlibs:Depends=(.+)$/m.exec(output)?.[1];
    if (dependencies === undefined) throw new Error(`dpkg-shlibdeps: no dependencies in ${output}`);
    return dependencies;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Files and links of a tree, sorted. @param {string} folder */
function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/**
 * Gives what is in a folder, and the folder, one time, and modes that depend on neither umask nor checkout: 0755 for folders and what may
 * be run, 0644 for the rest. Links have none.
 * @param {string} folder
 * @param {Date} date
 */
export function evenOut(folder, date) {
  for (const name of ['', ...readdirSync(folder, { recursive: true }).map(String)]) {
    const file = path.join(folder, name);
    const stat = lstatSync(file);
    if (!stat.isSymbolicLink()) chmodSync(file, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644);
    lutimesSync(file, date, date);
  }
}

if (isProgram(import.meta.url)) {
  const { values } = parseArgs({ options: { node: { type: 'string' }, output: { type: 'string' } } });
  const major = values.node === undefined ? BUNDLED_MAJOR : Number(values.node);
  if (!supportedMajors.includes(major)) {
    console.error(`--node: expected one of ${supportedMajors.join(', ')}, got ${values.node}`);
    process.exit(2);
  }
  await buildDeb({ major, ...(values.output !== undefined && { output: path.resolve(values.output) }) });
}
