/** What the Jobs of the campaign do: honest work with small and large payloads, and what eats memory till something ends. */
import { KINDS } from '../../soak/kinds.js';
import { TRIAL_KINDS, type TrialKind } from '../../soak/trial/kinds.js';

const SHARED = ['small', 'async', 'throws', 'tenthOfASecond', 'largeResults', 'largePayloads'] as const;
/** They end at a limit of the Sandbox; the last one ends its process. */
const EATERS = ['hoards', 'hoardsBuffers', 'growsWithinWasm', 'aborts'] as const;
/** Floats of a long segment: they do not go through the socket of a child process. */
const FLOATS = 1 << 17;

export const CAMPAIGN_KINDS: Readonly<Record<string, TrialKind>> = {
  ...Object.fromEntries(SHARED.map((name) => [name, TRIAL_KINDS[name]!])),
  ...Object.fromEntries(EATERS.map((name) => [name, { ...KINDS[name]!, slices: 7 }])),
  longArrays: {
    work: '(array) => new Promise((resolve) => setTimeout(resolve, 20, array.map((x) => -x)))',
    slices: 24,
    data: (n) => new Float64Array(FLOATS).fill(n),
    expect: (n) => new Float64Array(FLOATS).fill(-n),
    code: null,
  },
};
