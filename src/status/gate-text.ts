import { durationText, printable } from '../model/index.js';
import type { GateStatus, WorkAction } from '../supervisor/index.js';
import type { IdleReason } from './idle-reason.js';

const DONE: Readonly<Record<Exclude<WorkAction, 'run'>, string>> = {
  hold: 'nothing new is begun',
  freeze: 'frozen',
  kill: 'stopped',
};

/** One sentence, without a full stop: `CPU frozen for 10 s, stopped in 50 s: PROGRAM_RUNNING, blender runs (process 12)`. */
export function gateText(gate: GateStatus, now: number): string {
  const { target, adapter, action, since, endsAt } = gate;
  const what =
    target === 'cpu' ? 'CPU' : `GPU ${target}${adapter === null ? '' : ` (${printable(adapter, 60)})`}`;
  const done = action === 'run' ? 'runs' : DONE[action];
  const until =
    action === 'freeze' && endsAt !== null ? `, stopped in ${durationText(Math.max(0, endsAt - now))}` : '';
  const why = reasonsText(gate);
  return `${what}: ${done} for ${durationText(Math.max(0, now - since))}${until}${why === '' ? '' : `: ${why}`}`;
}

/** `LOAD_HIGH, the load is 3.2, above 2; PROGRAM_RUNNING, …`; empty: nobody said why. */
export function reasonsText({ reasons }: Pick<GateStatus, 'reasons'>): string {
  return reasons.map(({ code, text }) => `${code}, ${printable(text, 200)}`).join('; ');
}

/** What the reason why places are free does not tell already. */
export function furtherGates(gates: readonly GateStatus[], idle: IdleReason | null): readonly GateStatus[] {
  const isTold = idle !== null && ['FROZEN', 'GATED', 'HELD'].includes(idle.code);
  return isTold ? gates.filter(({ target }) => target !== 'cpu') : gates;
}
