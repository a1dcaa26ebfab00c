/** What the options of dcp-evaluator-manager say to the library. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Command, CommanderError } from 'commander';
import { managerOptionsOf, withManagerOptions } from '#src/cli/manager/manager-options.js';
import type { CompleteManagerOptions, Rule } from '#src/manager/index.js';

function optionsOf(...words: readonly string[]): CompleteManagerOptions {
  const program = withManagerOptions(new Command('program')).exitOverride();
  program.configureOutput({ writeErr: () => undefined });
  return managerOptionsOf(program.parse(words, { from: 'user' }).opts());
}

function ruleOf(monitor: string, ...words: readonly string[]): Rule {
  const rule = optionsOf(...words).rules.find((one) => one.monitor === monitor);
  assert.ok(rule, `no rule for ${monitor}`);
  return rule;
}

const watched = (...words: readonly string[]): string[] =>
  optionsOf(...words)
    .rules.map(({ monitor }) => monitor)
    .sort();

/** What the message says when these words are refused. */
function refusal(...words: readonly string[]): string {
  try {
    optionsOf(...words);
  } catch (error) {
    assert.ok(error instanceof CommanderError || error instanceof Error);
    return error.message;
  }
  return 'not refused';
}

test('some monitors watch by themselves, others when they are asked, and each can be left out', () => {
  const usual = ['battery', 'logind', 'pts', 'screensaver', 'signal'];
  assert.deepEqual(watched(), usual);
  // The published program has that name for terminals.
  assert.deepEqual(watched('--disable-monitor=session,screensaver', '-d', 'signal'), ['battery', 'logind']);
  assert.deepEqual(watched('-m', 'session,foreign-cpu'), [...usual, 'foreign-cpu', 'session'].sort());
  assert.deepEqual(watched('-a', '-m', 'session', '-l', '2'), ['load']);
  assert.deepEqual(
    watched('--exclusive', 'a,b', '--hours', 'sun', '-d', 'battery,pts,logind,screensaver,signal'),
    ['program', 'schedule'],
  );
});

test('the options of the published program mean what they mean there', () => {
  assert.deepEqual(ruleOf('load', '-l', '2.5', '-T', 'med').settings, {
    max: 2.5,
    type: 'medium',
    everyMs: 1_000,
  });
  assert.equal(ruleOf('load', '--max-load=0').stop, 'hold');
  assert.deepEqual(ruleOf('pts', '-i', '90', '--pts', '/dev/pts2').settings, {
    directory: '/dev/pts2',
    idleS: 90,
    consoles: true,
    everyMs: 500,
  });
  const signals = ['PWR,toggle', '12,quick', ',quick', 'SIGHUP', 'usr1'].map(
    (text) => ruleOf('signal', '-s', text).settings,
  );
  assert.deepEqual(signals, [
    { signal: 'SIGPWR', mode: 'toggle' },
    { signal: 'SIGUSR2', mode: 'quick' },
    { signal: 'SIGPWR', mode: 'quick' },
    { signal: 'SIGHUP', mode: 'toggle' },
    { signal: 'SIGUSR1', mode: 'toggle' },
  ]);
  assert.equal(optionsOf('-L').onlyLimits, true);
  assert.equal(optionsOf().onlyLimits, false);
});

test('what is found is ended, or frozen for a while', () => {
  assert.deepEqual([ruleOf('pts').stop, ruleOf('pts').freezeForMs], ['kill', 60_000]);
  const frozen = ruleOf('pts', '--stop', 'freeze', '--freeze-for', '1.5');
  assert.deepEqual([frozen.stop, frozen.freezeForMs], ['freeze', 1_500]);
  assert.equal(ruleOf('signal', '--stop', 'freeze').stop, 'kill');
  const timed = ruleOf(
    'foreign-cpu',
    '--max-foreign-cpu',
    '5',
    '--after',
    'foreign-cpu=0.5,pts=1',
    '--gone-for',
    'foreign-cpu=2',
  );
  assert.deepEqual([timed.afterMs, timed.goneForMs], [500, 2_000]);
});

test('limits of other monitors', () => {
  assert.deepEqual(ruleOf('pressure', '--max-pressure', 'memory=15,io=40').settings, {
    cpu: null,
    memory: 15,
    io: 40,
    windowMs: 2_000,
  });
  assert.deepEqual(ruleOf('pressure', '--max-pressure', 'cpu=50').settings, {
    cpu: 50,
    memory: null,
    io: null,
    windowMs: 2_000,
  });
  assert.deepEqual(ruleOf('battery', '--on-battery', '--min-battery', '30').settings, {
    allowed: true,
    minPercent: 30,
    everyMs: 2_000,
  });
  assert.deepEqual(ruleOf('program', '--exclusive', 'steam,/opt/game', '--exclusive', 'blender').settings, {
    names: ['steam', '/opt/game', 'blender'],
    everyMs: 750,
  });
  assert.deepEqual(ruleOf('schedule', '--hours', 'mon-fri 22:00-06:00', '--hours', 'sat,sun').settings, {
    allow: ['mon-fri 22:00-06:00', 'sat,sun'],
  });
});

test('a mistake is named with its option, and a name with the nearest', () => {
  const refusals: readonly (readonly [readonly string[], RegExp])[] = [
    [['-d', 'sesion'], /^--disable-monitor: .*got "sesion" \(did you mean session\?\)$/],
    [['-m', 'program'], /^--monitor: program watches when --exclusive says what for$/],
    [['-l', 'much'], /--max-load <load>' argument 'much' is invalid\. expected a number from 0 to 100000\./],
    [['-l', ' '], /'--?l?.*' argument ' ' is invalid/],
    [['-i', '0'], /-i <seconds>' argument '0' is invalid\. expected a number from 1 to 86400\./],
    [['-r', '-1'], /argument '-1' is invalid|argument missing/],
    [['-T', 'shrt'], /expected one of short, medium, long, random\.$/],
    [['-s', 'PWR,togle'], /^--signal: .*got "togle" \(did you mean toggle\?\)$/],
    [['-s', '9'], /^--signal: .*got "SIG9"/],
    [['--max-pressure', 'memry=3'], /^--max-pressure: .*got "memry" \(did you mean memory\?\)$/],
    [
      ['--max-pressure', 'io=0'],
      /^--max-pressure: expected NAME=NUMBER, the number from 1 to 100; got "io=0"$/,
    ],
    [['--max-temperature', '300'], /expected a number from 20 to 120\./],
    [['--exclusive', 'a/b'], /^--exclusive: expected a name or an absolute path, got "a\/b"$/],
    [['--hours', '25:00-26:00'], /^--hours: time of day, 25:00-26:00 in/],
    [['--hours', 'sun 1:00-1:00'], /^--hours: hours that begin when they end/],
    [['--hours', '22:00-06:00 mon'], /^--hours: days and hours in/],
    [['--hours', ''], /^--hours: expected text or a list of texts|^--hours: days and hours/],
    [['--after', 'load=3'], /^--after: the monitor load does not watch; an option of its own lets it$/],
    [['--after', 'pts'], /^--after: expected NAME=NUMBER, the number from 0 to 86400; got "pts"$/],
    [['--stop', 'pause'], /Allowed choices are kill, freeze\.$/],
  ];
  for (const [words, message] of refusals) assert.match(refusal(...words), message, words.join(' '));
});
