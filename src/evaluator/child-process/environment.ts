/**
 * The variables of ours that an evaluator process gets: where the addon is, what the dynamic loader and the sanitizer need to load it,
 * language and time zone. Nothing else, for whoever breaks out of a Sandbox can read them.
 */
const ALLOWED = [
  'DCP_NATIVE_BUILD_DIR',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'ASAN_OPTIONS',
  'LANG',
  'LC_ALL',
  'TZ',
] as const;

export function evaluatorEnvironment(ours: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const theirs: NodeJS.ProcessEnv = {};
  for (const name of ALLOWED) if (ours[name] !== undefined) theirs[name] = ours[name];
  return theirs;
}
