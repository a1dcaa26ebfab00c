import assert from 'node:assert/strict';
import test from 'node:test';
import { Command, CommanderError } from 'commander';
import { configArgumentsOf, withConfigOptions } from '#src/cli/worker-options.js';
import { InvalidArgumentError } from '#src/model/index.js';
import { evaluatorChoice } from '#src/service/index.js';

function parse(...args: string[]): unknown {
  const program = withConfigOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  program.parse(args, { from: 'user' });
  const [said] = configArgumentsOf(program);
  return evaluatorChoice((said?.value as string | undefined) ?? 'child');
}

const RIGHT: [string[], unknown][] = [
  [[], 'child'],
  [['--evaluator', 'child'], 'child'],
  [['--evaluator', 'in-process'], 'in-process'],
  [['--evaluator', 'localhost:9000'], { host: 'localhost', port: 9000 }],
  [['--evaluator', '10.0.0.7:1'], { host: '10.0.0.7', port: 1 }],
  [['--evaluator', '[::1]:65535'], { host: '::1', port: 65_535 }],
  [['--evaluator', '/run/dcp/evaluator.sock'], { path: '/run/dcp/evaluator.sock' }],
  [['--evaluator', './evaluator.sock'], { path: './evaluator.sock' }],
  [['-H', 'box'], { host: 'box', port: 9000 }],
  [['-p', '9001'], { host: 'localhost', port: 9001 }],
  [['--hostname', '[::1]', '--port', '9001'], { host: '::1', port: 9001 }],
];
for (const [args, expected] of RIGHT)
  test(`${args.join(' ') || 'nothing'}`, () => assert.deepEqual(parse(...args), expected));

const WRONG: [string[], RegExp][] = [
  [['--evaluator', 'localhost'], /'localhost' has no port: expected child, in-process, or host:port/],
  [['--evaluator', 'localhost:'], /'localhost:' has no port/],
  [['--evaluator', '[::1]'], /'\[::1\]' has no port/],
  [['--evaluator', '::1:9000'], /an IPv6 address stands in brackets, as \[::1\]:9000/],
  [['--evaluator', ':9000'], /':9000' names no host/],
  [['--evaluator', 'localhost:0'], /the port of 'localhost:0': expected a whole number from 1 to 65535/],
  [['--evaluator', 'localhost:65536'], /from 1 to 65535/],
  [['--evaluator', 'http://localhost:9000'], /'http:\/\/localhost:9000'/],
  [['--evaluator', ''], /expected child, in-process, host:port or the path of a socket, got ''/],
  [['-p', '0'], /expected a whole number from 1 to 65535/],
  [['-p', 'x'], /expected child, in-process, host:port or the path of a socket, got 'localhost:x'/],
  [['-H', ''], /':9000' names no host/],
  [['-H', 'a:b]'], /expected child, in-process, host:port/],
  [['--evaluator', 'child', '-p', '9000'], /--evaluator and --port: one or the other/],
  [['--evaluator', 'a:1', '-H', 'b'], /--evaluator and --hostname: one or the other/],
];
for (const [args, message] of WRONG)
  test(`${args.join(' ')} is refused`, () => {
    assert.throws(
      () => parse(...args),
      (error: Error) => {
        assert.ok(error instanceof CommanderError || error instanceof InvalidArgumentError);
        assert.match(error.message, message);
        return true;
      },
    );
  });
