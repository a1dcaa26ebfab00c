import type { Outcome } from './program.js';

/** From the process that runs programs to the one that asked for it. */
export type Message = { readonly begun: string } | { readonly ended: string; readonly outcome: Outcome };

/** In a process started by `runPrograms`: runs the programs it names, one after another, and ends. */
export async function serve(run: (name: string) => Promise<Outcome>): Promise<void> {
  const names = process.argv.slice(2);
  const send = (message: Message): Promise<void> =>
    new Promise((resolve, reject) => {
      process.send!(message, (error: Error | null) => {
        if (error) reject(error);
        else resolve();
      });
    });
  for (const name of names) {
    await send({ begun: name });
    await send({ ended: name, outcome: await run(name) });
  }
  process.disconnect();
}
