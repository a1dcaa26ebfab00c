/** Calls that the published dcp-client has beside ours: what is not here says what to use instead. docs/COMPUTE.md lists them. */
import { DcpError } from '../model/index.js';

const COMPUTE: Readonly<Record<string, string>> = {
  do: 'compute.for(1, n, work) runs n Slices',
  getJobInfo: 'compute.jobStatus(id)',
  status: 'compute.listJobs(), or compute.jobStatus(id)',
  cancel: 'compute.cancelJob(id)',
  RemoteDataSet:
    'a Work Function fetches its data itself, where job.requirements.environment.fetch allows it',
  RemoteDataPattern:
    'a Work Function fetches its data itself, where job.requirements.environment.fetch allows it',
};
const JOB: Readonly<Record<string, string>> = {
  getJobInfo: 'compute.jobStatus(job.id)',
  resume: 'compute.resume(id)',
  addSlices: 'an async iterable as the input set brings Slices for as long as it likes',
  close: 'a Job is closed when its input set ends',
  setResultStorage: 'results are with the Scheduler: job.fetchResults()',
};
/** What is paid means nothing to a Scheduler without accounts, as in `exec`. */
const PAYMENT = { compute: ['marketValue'], job: ['setSlicePaymentOffer', 'setPaymentAccountKeystore'] };

/** Types have none of these: who writes TypeScript hears of it from the compiler. */
function define(
  prototype: object,
  refused: Readonly<Record<string, string>>,
  ignored: readonly string[],
): void {
  const property = (name: string, value: unknown): void => {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  };
  for (const [name, instead] of Object.entries(refused))
    // No arrow function: some are called with `new`.
    property(name, function () {
      throw new DcpError(
        'EUNSUPPORTED',
        `${name}: dcp-client has it, and it is not here; instead: ${instead}`,
      );
    });
  for (const name of ignored) property(name, () => undefined);
}

/** @param compute the prototype of `Compute` */
export function defineComputeCalls(compute: object): void {
  define(compute, COMPUTE, PAYMENT.compute);
}

/** @param job the prototype of `Job` */
export function defineJobCalls(job: object): void {
  define(job, JOB, PAYMENT.job);
  Object.defineProperty(job, 'requirePath', {
    configurable: true,
    get: () => {
      throw new DcpError(
        'EUNSUPPORTED',
        'requirePath: dcp-client has it, and it is not here; instead: createCompute({ directory }) says where modules are looked up',
      );
    },
  });
}
