import { isBuiltin } from 'node:module';
import path from 'node:path';
import type { BuildFailure, Message } from 'esbuild';
import { ModuleError } from '../../model/index.js';

/** A package with one mistake tends to have many. */
const SHOWN = 10;

interface Refusal {
  readonly module: string;
  readonly importer: string | null;
  readonly reason: string;
}

/**
 * What the bundler could not do, in terms of the client's files; `entry` is the script of ours that names what is
 * required. Throws again what is no failure of a build.
 */
export function moduleError(error: unknown, entry: string): ModuleError {
  const { errors } = error as Partial<BuildFailure>;
  if (!Array.isArray(errors) || errors.length === 0) throw error;
  const refusals = errors.map((message) => refusal(message, entry));
  const lines = refusals.slice(0, SHOWN).map(({ module, importer, reason }) => {
    return importer === null
      ? `${module}: ${reason}`
      : `module "${module}", imported at ${importer}: ${reason}`;
  });
  if (refusals.length > SHOWN) lines.push(`… and ${refusals.length - SHOWN} more`);
  const { module, importer } = refusals[0]!;
  return new ModuleError(module, importer, lines.join('\n'));
}

function refusal(message: Message, entry: string): Refusal {
  const importer = place(message, entry);
  const [, unresolved] = /^Could not resolve "(.*)"$/.exec(message.text) ?? [];
  if (unresolved !== undefined) {
    const builtin = isBuiltin(unresolved);
    return {
      module: unresolved,
      importer,
      reason: builtin ? 'a part of Node, and a Sandbox has nothing of Node' : notFound(unresolved, message),
    };
  }
  const [, loaderless, file] = /^No loader is configured for "(.*)" files: (.*)$/.exec(message.text) ?? [];
  if (file !== undefined) {
    const reason =
      loaderless === '.node'
        ? 'a native addon of Node, and a Sandbox has nothing of Node'
        : `a Job carries no files that end in "${loaderless}"`;
    return { module: file, importer, reason };
  }
  const [, incomplete] = /^No matching export in "(.*)" for import "default"$/.exec(message.text) ?? [];
  if (incomplete !== undefined && importer === null) {
    return { module: incomplete, importer, reason: 'no default export, which would be the Work Function' };
  }
  // The importer is the file itself: something in it is wrong.
  const reason = message.text.startsWith('Top-level await')
    ? 'top-level await, which the modules of a Job cannot have'
    : message.text;
  return { module: importer ?? entry, importer: null, reason };
}

function notFound(name: string, { notes }: Message): string {
  // "The path "./x" is not exported by package "y"" and the like; advice about the bundler's options helps nobody here.
  const why = notes.map(({ text }) => text).find((text) => /not exported|not find|is disabled/.test(text));
  return (
    why?.replace(/:$/, '') ?? (name.startsWith('.') ? 'there is no such file' : 'there is no such package')
  );
}

/** `file:line:column`, or what stands for a call of `job.requires`; null in a script of ours. */
function place({ location }: Message, entry: string): string | null {
  if (location === null || location.file.startsWith('dcp:')) return null;
  // The bundler gives it the folder of the Compute.
  if (path.basename(location.file) === entry) return 'job.requires';
  return `${location.file}:${location.line}:${location.column + 1}`;
}
