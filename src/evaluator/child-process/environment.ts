import path from 'node:path';

/**
 * The variables of ours that an evaluator process gets: where the addon and Dawn are, what the dynamic loader and the sanitizer need to
 * load them, which Vulkan driver to take, language and time zone. Nothing else, for whoever breaks out of a Sandbox can read them.
 */
const ALLOWED = [
  'DCP_NATIVE_BUILD_DIR',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'DCP_DAWN_LIBRARY',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'ASAN_OPTIONS',
  'LANG',
  'LC_ALL',
  'TZ',
] as const;

export function evaluatorEnvironment(ours: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const theirs: NodeJS.ProcessEnv = {};
  for (const name of ALLOWED) if (ours[name] !== undefined) theirs[name] = ours[name];
  const { DCP_DAWN_LIBRARY: dawn } = ours;
  // An evaluator process has another working directory.
  if (dawn) theirs['DCP_DAWN_LIBRARY'] = path.resolve(dawn);
  return theirs;
}
