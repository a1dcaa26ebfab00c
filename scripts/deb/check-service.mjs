/** What an installed package is checked for under systemd: the services do their work behind all that shuts them in. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BootedSystem } from './booted-system.mjs';

/** Worse than this (0 to 10) fails; docs/SERVICE.md has the score and what it is made of. */
const WORST_EXPOSURE = 2.4;
const UNITS = ['dcp-worker.service', 'dcp-evaluator.service', 'dcp-evaluator-manager.service'];

/**
 * Work that needs what hardening might forbid: machine code made while it runs, several processes, results of a size that
 * goes to files which user and service share.
 */
const JOB = `
export default (compute) => compute.for(
  Array.from({ length: 6 }, (_, n) => new Float64Array(50_000).fill(n)),
  (numbers) => {
    const add = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97,
      100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(add));
    let sum = 0;
    for (let round = 0; round < 100; round++) for (const number of numbers) sum += number;
    return { sum: sum / 5_000_000, next: exports.add(numbers[0], 1), numbers };
  },
);
export function done(results) {
  console.log(JSON.stringify(results.map(({ sum, next, numbers }) => [sum, next, numbers.length])));
}
`;

/** A dcp-client of one startup file, which answers each line with what WebAssembly made of it. */
const ECHO = `onreadln((line) => {
  const module = new WebAssembly.Module(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0]));
  writeln(line.trim() + ' ' + (module instanceof WebAssembly.Module));
});
`;
const CLIENT = {
  'package.json': '{"name":"dcp-client","version":"5.0.0"}',
  'generated/sandbox-definitions.json': '{"native":["echo"]}',
  'libexec/sandbox/echo.js': ECHO,
};

const EXPECTED = '[[0,1,50000],[1,2,50000],[2,3,50000],[3,4,50000],[4,5,50000],[5,6,50000]]';

/** @param {string} system */
export async function checkService(system) {
  mkdirSync(path.join(system, 'home'), { recursive: true });
  writeFileSync(path.join(system, 'home/job.mjs'), JOB);
  const machine = new BootedSystem(system);
  try {
    await machine.started();
    await start(machine);
    await sharesTheScheduler(machine);
    await isShutIn(machine);
    await tellsItsStatus(machine);
    await servesExistingWorkers(machine);
    await comesBack(machine);
    await runsSeveral(machine);
    await survivesReinstallation(machine);
    const seconds = await stops(machine);
    return `Job of a local user done, stopped in ${seconds.toFixed(1)} s`;
  } catch (error) {
    const journal = await machine.shell('journalctl --no-pager -n 40 -u "dcp*"').catch(() => '');
    throw new Error(`${error instanceof Error ? error.message : error}\n${journal}`, { cause: error });
  } finally {
    await machine.close();
  }
}

/** The package has enabled it: it started with the machine. @param {BootedSystem} machine */
async function start(machine) {
  await waitFor(machine, 'systemctl is-active dcp-worker');
  assert.match(await machine.run(['systemctl', 'is-enabled', 'dcp-worker']), /^enabled/);
  const evaluator = await machine.shell('systemctl is-enabled dcp-evaluator || true');
  assert.match(evaluator, /^disabled/);
  await machine.run(['systemd-analyze', 'verify', '--man=no', ...UNITS]);
}

/**
 * A local user of the group deploys a Job with a umask that would keep others out; the service does it.
 * @param {BootedSystem} machine
 */
async function sharesTheScheduler(machine) {
  await machine.shell('id alice 2> /dev/null || useradd --no-create-home --groups dcp alice');
  const output = await machine.shell(
    `su alice -s /bin/sh -c 'umask 077; export DCP_SCHEDULER_DIR=/var/lib/dcp/scheduler; dcp-job run /home/job.mjs'`,
  );
  assert.ok(output.includes(EXPECTED), output);
  const owners = await machine.shell('find /var/lib/dcp/scheduler/packs -type f -printf "%u\\n" | sort -u');
  assert.equal(owners, 'alice\ndcp\n');
}

/** @param {BootedSystem} machine */
async function isShutIn(machine) {
  const status = await machine.shell('cat /proc/$(systemctl show -p MainPID --value dcp-worker)/status');
  assert.match(status, /^CapBnd:\s+0{16}$/m);
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  assert.match(status, /^Seccomp:\s+2$/m);
  for (const unit of UNITS) {
    const table = await machine.run(['systemd-analyze', 'security', '--no-pager', unit]);
    const score = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(table)?.[1]);
    assert.ok(score <= WORST_EXPOSURE, `${unit}: exposure ${score}, at most ${WORST_EXPOSURE}\n${table}`);
  }
}

/** It says how it is to systemd, and to who may ask; a reload is no restart. @param {BootedSystem} machine */
async function tellsItsStatus(machine) {
  const process = () => machine.run(['systemctl', 'show', '-p', 'MainPID', '--value', 'dcp-worker']);
  const before = await process();
  await waitFor(machine, 'systemctl show -p StatusText --value dcp-worker | grep .');
  await machine.run(['systemctl', 'reload', 'dcp-worker']);
  await waitFor(machine, 'systemctl is-active dcp-worker');
  assert.equal(await process(), before);
  await machine.shell(`su dcp -s /bin/sh -c 'dcp-worker status'`);
}

/**
 * The evaluator is off until somebody starts it, and answers on port 9000 of this machine.
 * @param {BootedSystem} machine
 */
async function servesExistingWorkers(machine) {
  await machine.run(['systemctl', 'start', 'dcp-evaluator']);
  assert.match(
    await machine.shell('systemctl is-active dcp-evaluator || true'),
    /^inactive/,
    'no dcp-client yet',
  );
  for (const [name, text] of Object.entries(CLIENT)) {
    const file = path.join(machine.folder, 'opt/dcp/node_modules/dcp-client', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  await machine.run(['systemctl', 'start', 'dcp-evaluator']);
  const ask = 'set -e; exec 3<>/dev/tcp/127.0.0.1/9000; echo hello >&3; read -r line <&3; echo "$line"';
  assert.equal(await waitFor(machine, `bash -c '${ask}' 2> /dev/null`), 'hello true\n');
  await machine.run(['systemctl', 'stop', 'dcp-evaluator']);
  const result = await machine.run(['systemctl', 'show', '-p', 'Result', '--value', 'dcp-evaluator']);
  assert.equal(result, 'success\n');
}

/** @param {BootedSystem} machine */
async function comesBack(machine) {
  await machine.run(['systemctl', 'kill', '--signal=KILL', '--kill-whom=main', 'dcp-worker']);
  await waitFor(
    machine,
    '[ "$(systemctl show -p NRestarts --value dcp-worker)" = 1 ] && systemctl is-active dcp-worker',
  );
}

/** @param {BootedSystem} machine */
async function runsSeveral(machine) {
  await machine.run(['systemctl', 'start', 'dcp-worker@second']);
  await waitFor(machine, 'systemctl is-active dcp-worker@second && ls -d /var/lib/dcp/dcp-worker@second');
}

/** Both run afterwards, as processes of their own, and the configuration is the operator's. @param {BootedSystem} machine */
async function survivesReinstallation(machine) {
  const processes = 'systemctl show -p MainPID --value dcp-worker dcp-worker@second | grep .';
  const before = await machine.shell(processes);
  await machine.shell('echo "/* ours */" >> /etc/dcp/dcp-worker/dcp-config.js');
  await machine.shell('apt-get --yes install --reinstall /package.deb', 300_000);
  await waitFor(machine, 'systemctl is-active dcp-worker dcp-worker@second');
  const after = await machine.shell(processes);
  assert.equal(before.split('\n').filter((id) => id && after.includes(id)).length, 0, `${before} ${after}`);
  await machine.shell('grep ours /etc/dcp/dcp-worker/dcp-config.js');
}

/** Well before systemd loses patience. Answers the seconds. @param {BootedSystem} machine */
async function stops(machine) {
  const begin = performance.now();
  await machine.run(['systemctl', 'stop', 'dcp-worker', 'dcp-worker@second']);
  const seconds = (performance.now() - begin) / 1000;
  const result = await machine.shell('systemctl show -p Result --value dcp-worker');
  assert.equal(result.trim(), 'success');
  assert.ok(seconds < 30, `stopping took ${seconds} s`);
  return seconds;
}

/** @param {BootedSystem} machine @param {string} condition a command that is to succeed within 30 s */
async function waitFor(machine, condition) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await machine.shell(condition);
    } catch (error) {
      if (attempt >= 60) throw error;
      await delay(500);
    }
  }
}
