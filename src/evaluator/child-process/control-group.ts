import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cgroupOf, folderOfCgroup, removeCgroup } from '../confinement/cgroup.js';

/** A control group of version 2 that has the processes of one evaluator in it and no other. */
export class ControlGroup {
  constructor(
    private readonly directory: string,
    /** Made here, and removed here. */
    private readonly isOurs: boolean,
  ) {}

  /** False: not allowed, or this kernel cannot. */
  freeze(): boolean {
    return this.#write('cgroup.freeze', '1');
  }

  thaw(): void {
    this.#write('cgroup.freeze', '0');
  }

  /** Nothing in it runs any more. */
  get isFrozen(): boolean {
    try {
      return /^frozen 1$/m.test(readFileSync(`${this.directory}/cgroup.events`, 'latin1'));
    } catch {
      return true;
    }
  }

  /** Its processes are gone, or about to be. */
  remove(): void {
    if (this.isOurs) removeCgroup(this.directory);
  }

  #write(file: string, text: string): boolean {
    try {
      writeFileSync(`${this.directory}/${file}`, text);
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * The group of an evaluator process: the one that somebody made for it (one with limits, say), else a new one below ours with all of its
 * processes. Null: there are no such groups here, or none that we may write to.
 */
export function controlGroupOf(tree: readonly number[]): ControlGroup | null {
  const [pid] = tree as [number];
  const ours = cgroupOf('self');
  if (ours === null || cgroupOf(pid) === null) return null;
  // A launcher beside it has been left where we are: it does nothing.
  const theirs = tree.map((each) => cgroupOf(each) ?? ours).find((group) => group !== ours);
  const folder = folderOfCgroup(theirs ?? ours);
  if (folder === null) return null;
  if (theirs !== undefined) return new ControlGroup(folder, false);
  const directory = path.join(folder, `dcp-evaluator-${pid}`);
  try {
    mkdirSync(directory);
  } catch {
    return null;
  }
  try {
    for (const each of tree) writeFileSync(`${directory}/cgroup.procs`, String(each));
    return new ControlGroup(directory, true);
  } catch {
    new ControlGroup(directory, true).remove();
    return null;
  }
}
