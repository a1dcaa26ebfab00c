/**
 * What goes into the script beside the suite: lists cases and runs them, with the suite's own loader and recorder. It runs in a Sandbox and in
 * Node, and names of its surroundings only what both have.
 */
import type { Batch, CaseResult, Status } from './case.js';

/** The parts of the suite that are made use of, as src/common of a checkout has them. */
export interface Framework {
  readonly TestFileLoader: abstract new () => {
    loadCases(query: unknown): Promise<Iterable<Leaf>>;
  };
  readonly Logger: new () => { record(name: string): [recorder: unknown, result: LiveResult] };
  readonly parseQuery: (text: string) => unknown;
}
interface Leaf {
  readonly query: { toString(): string };
  run(recorder: unknown): Promise<void>;
}
interface LiveResult {
  readonly status: string;
  readonly timems: number;
  readonly logs?: readonly { toJSON(): string }[];
}

/** Spec files by their path below src/, as in `webgpu/idl/javascript.spec.js`. */
export type SpecFiles = Readonly<Record<string, () => Promise<unknown>>>;

export interface Suite {
  /** The cases that a query matches. */
  list(query: string): Promise<string[]>;
  /** @param onCase is called before each case */
  run(batch: Batch, onCase: (query: string) => void): Promise<CaseResult[]>;
}

const MAX_LOGS = 8;
const MAX_LOG_LENGTH = 2000;

export function makeSuite({ TestFileLoader, Logger, parseQuery }: Framework, files: SpecFiles): Suite {
  class Loader extends TestFileLoader {
    listing(): Promise<unknown[]> {
      const entries = Object.keys(files).map((path) => ({
        file: path.slice(0, -'.spec.js'.length).split('/').slice(1),
      }));
      return Promise.resolve(entries);
    }
    import(path: string): Promise<unknown> {
      return files[path]!();
    }
  }
  const loader = new Loader();
  /** The test whose cases were asked for last: the next batch is likely to be of the same. */
  let last: { test: string; leaves: Map<string, Leaf> } | null = null;
  const leavesOf = async (test: string): Promise<Map<string, Leaf>> => {
    if (last?.test !== test) {
      const leaves = new Map<string, Leaf>();
      for (const leaf of await loader.loadCases(parseQuery(test))) leaves.set(leaf.query.toString(), leaf);
      last = { test, leaves };
    }
    return last.leaves;
  };

  return {
    async list(query) {
      return [...(await loader.loadCases(parseQuery(query)))].map((leaf) => leaf.query.toString());
    },
    async run({ test, cases }, onCase) {
      const leaves = await leavesOf(test);
      const results: CaseResult[] = [];
      for (const query of cases) {
        onCase(query);
        const [recorder, result] = new Logger().record(query);
        await leaves.get(query)!.run(recorder);
        results.push({
          query,
          status: statusOf(result),
          ms: Math.max(0, result.timems),
          logs: logsOf(result),
        });
      }
      return results;
    },
  };
}

function statusOf({ status }: LiveResult): Status {
  return status === 'pass' || status === 'warn' || status === 'skip' ? status : 'fail';
}

function logsOf({ status, logs = [] }: LiveResult): string[] {
  if (status === 'pass') return [];
  // What each subcase has to say of its running is no reason for anything.
  const said = logs.map((log) => log.toJSON()).filter((text) => !text.includes('INFO: '));
  return said.slice(0, MAX_LOGS).map((text) => text.slice(0, MAX_LOG_LENGTH));
}
