import { Option, type Command } from 'commander';
import { CONFINEMENT_MODES } from '../evaluator/index.js';
import { DEFAULT_PREFIX } from './evaluator-launch.js';
import { wholeNumber } from './program.js';

/** The options that say which evaluator is started, and how: of `dcp-evaluator-start`, and behind `--` of `dcp-evaluator-manager`. */
export function withLaunchOptions(program: Command): Command {
  return program
    .option(
      '--prefix <dir>',
      `where the evaluator runs; given, the evaluator is <dir>/bin/dcp-evaluator; default: ${DEFAULT_PREFIX}`,
    )
    .addOption(
      new Option('-p, --port <port>', 'TCP port the evaluator listens on, 0 to 65535 (0: any that is free)')
        .argParser(wholeNumber(0, 65_535))
        .default(9000),
    )
    .option(
      '-s, --stdio',
      'no port, one Sandbox on standard input and output, as for inetd; no banner; default: the port',
    )
    .option('-e, --evaluator <file>', 'the evaluator; default: dcp-evaluator of this package')
    .option('-r, --rEvaluator <module>', 'the evaluator as the name of a module; default: --evaluator')
    .option('--dcp-client <dir>', 'the dcp-client that startup files come from; default: the one installed')
    .option(
      '--sandbox-libexec-dir <dir>',
      "folder of startup files; default: the dcp-client's libexec/sandbox",
    )
    .option(
      '--sandbox-definitions <file>',
      "which startup files each type of sandbox takes; default: the dcp-client's generated/sandbox-definitions.json",
    )
    .addOption(new Option('-t, --sandbox-type <type>', 'type of sandbox').default('native'))
    .addOption(
      new Option(
        '--confinement <mode>',
        'what the operating system keeps evaluators from: require, best-effort (default) or off, as of dcp-evaluator',
      ).choices(CONFINEMENT_MODES),
    )
    .option(
      '-d, --debugLogLevel <level>',
      "what the evaluator logs: emerg, alert, crit, error, warn, notice, info or debug; default: the evaluator's",
    );
}
