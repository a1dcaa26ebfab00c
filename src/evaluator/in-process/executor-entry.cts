/**
 * What piscina loads in a thread. It requires the file, and Node 20 aborts the process when a thread is ended while it
 * requires an ES module ("IsGraphAsync must be used on an instantiated module"): this file is none, and imports one.
 */
export = async function serve(task: { queueId: number }): Promise<number> {
  const thread = await import('./executor-thread.js');
  return thread.default(task);
};
