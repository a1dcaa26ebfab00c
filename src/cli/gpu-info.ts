/** What `dcp-evaluator --gpu-info` prints. */
import type { GpuReport } from '../evaluator/index.js';

type Adapter = GpuReport['adapters'][number];

/** For people; a program gets the report itself, as JSON. */
export function gpuInfoText({
  library,
  abi,
  loaderProblem,
  drivers,
  adapters,
  withheld,
  problems,
}: GpuReport): string {
  const lines = [
    `Dawn      ${library === null ? 'none' : `${library.path} (${library.from})`}, ABI ${abi}`,
    `Vulkan    ${loaderProblem ?? 'the loader can be used'}`,
  ];
  const driverLines = drivers.map(({ manifest, library: file, problem }) =>
    problem === null ? `${manifest}: ${file}` : `${manifest}: ${problem}`,
  );
  lines.push(...column('Drivers', driverLines));
  lines.push(
    ...column(
      'Adapters',
      adapters.flatMap((adapter) => adapterLines(adapter, true)),
    ),
  );
  if (withheld.length > 0)
    lines.push(
      ...column(
        'Withheld',
        withheld.flatMap((adapter) => adapterLines(adapter, false)),
      ),
    );
  const problemLines = problems.flatMap(({ what, fix }) => (fix === null ? [what] : [what, `  try: ${fix}`]));
  if (problems.length > 0) lines.push(...column('Missing', problemLines));
  return `${lines.join('\n')}\n`;
}

function adapterLines(
  { name, vendor, architecture, isSoftware, features, limits }: Adapter,
  all: boolean,
): string[] {
  const kind = [vendor, architecture, isSoftware ? 'computes on the CPU' : ''].filter((part) => part !== '');
  const title = `${name} (${kind.join(', ')})`;
  if (!all) return [title];
  const values = Object.entries(limits).map(([limit, value]) => `  ${limit} ${value}`);
  return [title, `  features: ${features.length === 0 ? 'none' : features.join(', ')}`, ...values];
}

/** Lines behind a heading of ten characters. */
function column(heading: string, lines: readonly string[]): string[] {
  const shown = lines.length === 0 ? ['none'] : lines;
  return shown.map((line, index) => `${(index === 0 ? heading : '').padEnd(10)}${line}`);
}
