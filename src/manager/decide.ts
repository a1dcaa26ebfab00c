import type { Action, Decision, Reason, Verdict } from './decision.js';
import type { Target } from './monitor.js';
import type { RuleState } from './rule-state.js';

const ORDER: readonly Action[] = ['run', 'hold', 'freeze', 'kill'];

/** Of several rules the strictest decides, and all that speak against running are named, the strictest first. */
export function decide(states: readonly RuleState[], onlyLimits: boolean): Decision {
  const speaking = spokenBy(states, onlyLimits);
  const verdict = (targets: readonly Target[]): Verdict =>
    verdictOf(speaking.filter(({ reason }) => targets.includes(reason.target)));
  const gpus = new Map<number, Verdict>();
  for (const { rule } of states) {
    const [, number] = /^gpu:(\d+)$/.exec(rule.target) ?? [];
    if (number !== undefined) gpus.set(Number(number), verdict(['all', 'gpu', rule.target]));
  }
  return { cpu: verdict(['all', 'cpu']), gpus, anyGpu: verdict(['all', 'gpu']) };
}

/** Whether two decisions are the same but for the figures in their sentences. */
export function isSame(a: Decision, b: Decision): boolean {
  return shape(a) === shape(b);
}

interface Spoken {
  readonly action: Action;
  readonly reason: Reason;
}

function spokenBy(states: readonly RuleState[], onlyLimits: boolean): Spoken[] {
  const speaking = states.flatMap(({ rule, action, finding }): Spoken[] =>
    action === 'run' || finding === null ? [] : [{ action, reason: { monitor: rule.monitor, ...finding } }],
  );
  if (!onlyLimits) return speaking;
  const isBusy = speaking.some(({ action }) => action !== 'hold');
  return isBusy ? speaking.filter(({ action }) => action === 'hold') : [];
}

function verdictOf(speaking: readonly Spoken[]): Verdict {
  const sorted = [...speaking].sort((a, b) => ORDER.indexOf(b.action) - ORDER.indexOf(a.action));
  return { action: sorted[0]?.action ?? 'run', reasons: sorted.map(({ reason }) => reason) };
}

function shape({ cpu, gpus, anyGpu }: Decision): string {
  const plain = ({ action, reasons }: Verdict): unknown => [
    action,
    reasons.map(({ monitor, code, target }) => [monitor, code, target]),
  ];
  return JSON.stringify([
    plain(cpu),
    plain(anyGpu),
    [...gpus].map(([gpu, verdict]) => [gpu, plain(verdict)]),
  ]);
}
