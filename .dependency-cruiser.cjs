/**
 * The layers of src/ (docs/ARCHITECTURE.md): arrows go down, through a folder's index.ts, and never in a circle.
 *
 *   cli → worker → supervisor → {scheduler, evaluator} → {codec, model}
 *   compute → {scheduler, evaluator, codec, model}
 *   worker → manager → model
 *   {evaluator, scheduler, supervisor, compute, status, logging, identity, manager} → system → model
 */

/** The folders each folder may import. `config`, `logging` and `identity` serve every program layer. */
const SERVICES = ['config', 'logging', 'identity'];
const MAY_IMPORT = {
  model: [],
  codec: ['model'],
  // Runs inside an isolate, where nothing of Node exists.
  sandbox: ['codec', 'model'],
  // The addon, and what it brings of the operating system.
  system: ['model'],
  config: ['model'],
  logging: ['system', 'model'],
  identity: ['system', 'model'],
  // It hosts what src/sandbox says to its host, and knows those messages from there.
  evaluator: ['sandbox', 'codec', 'system', 'model', ...SERVICES],
  scheduler: ['codec', 'system', 'model', ...SERVICES],
  manager: ['system', 'model', ...SERVICES],
  supervisor: ['scheduler', 'evaluator', 'codec', 'system', 'model', ...SERVICES],
  worker: ['supervisor', 'manager', 'scheduler', 'evaluator', 'codec', 'model', ...SERVICES],
  // What a Worker does, told to whoever looks: status, web page, metrics, terminal.
  status: ['supervisor', 'evaluator', 'system', 'model', ...SERVICES],
  dashboard: ['status', 'supervisor', 'model', ...SERVICES],
  // A Worker as a program that runs for a year.
  service: ['worker', 'dashboard', 'status', 'supervisor', 'evaluator', 'system', 'model', ...SERVICES],
  // localExec is a Supervisor over an in-process Evaluator, so the client API needs the Supervisor too.
  compute: ['supervisor', 'scheduler', 'evaluator', 'codec', 'system', 'model', ...SERVICES],
  cli: [
    'service',
    'dashboard',
    'status',
    'worker',
    'compute',
    'supervisor',
    'manager',
    'scheduler',
    'evaluator',
    'codec',
    'system',
    'model',
    ...SERVICES,
  ],
};

/** A file of a folder may import: its own folder, and the index.ts of the folders named. */
function layerRule([folder, below]) {
  const allowed = [`^src/${folder}/`, ...below.map((name) => `^src/${name}/index[.]ts$`)];
  return {
    name: `layer-${folder}`,
    comment: `src/${folder} may import ${below.join(', ') || 'no other folder'}, each through its index.ts`,
    severity: 'error',
    from: { path: `^src/${folder}/` },
    to: { path: '^src/', pathNot: allowed },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'a cycle of imports, type imports included, makes one part of what should be two',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'known-folders',
      comment: 'a new folder of src/ gets its place among the layers here first',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(MAY_IMPORT).join('|')})/` },
      to: {},
    },
    {
      name: 'public-face',
      comment: 'src/index.ts exports what folders make public',
      severity: 'error',
      from: { path: '^src/[^/]+[.]ts$' },
      to: { path: '^src/[^/]+/', pathNot: '^src/[^/]+/index[.]ts$' },
    },
    {
      name: 'sandbox-without-node',
      comment: 'an isolate has no Node: codec and model run there too',
      severity: 'error',
      from: { path: '^src/(sandbox|codec|model)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'resolvable',
      comment: 'an import that leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...Object.entries(MAY_IMPORT).map(layerRule),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types are arrows too: evaluator/ must not know scheduler/ even by name.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
