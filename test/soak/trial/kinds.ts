/** What the Jobs of trials do. */
import { KINDS, type Kind } from '../kinds.js';

/** A Job of a trial; `data`: what a Slice gets, in place of its number. */
export type TrialKind = Kind & { readonly data?: (n: number) => unknown };

const PAYLOAD = 64 << 10;

/** A Worker's own limits hold: of the short soak's kinds these are the ones that do not count on smaller ones. */
const SHARED = ['small', 'async', 'timers', 'arrays', 'throws', 'rejects', 'setsTimers', 'computes'] as const;

export const TRIAL_KINDS: Readonly<Record<string, TrialKind>> = {
  ...Object.fromEntries(SHARED.map((name) => [name, KINDS[name]!])),
  tenthOfASecond: {
    work: '(n) => new Promise((resolve) => setTimeout(resolve, 100, n * 3))',
    slices: 30,
    expect: (n) => n * 3,
    code: null,
  },
  busyTenthOfASecond: {
    work: '(n) => { for (const end = performance.now() + 100; performance.now() < end; ); return n * 3; }',
    slices: 20,
    expect: (n) => n * 3,
    code: null,
  },
  largeResults: {
    work: '(n) => new Promise((resolve) => setTimeout(resolve, 100, String(n).padEnd(65536, "r")))',
    slices: 20,
    expect: (n) => String(n).padEnd(PAYLOAD, 'r'),
    code: null,
  },
  largePayloads: {
    work: '(text) => text.slice(0, 8) + "-".repeat(text.length)',
    slices: 24,
    data: (n) => String(n).padStart(8, '0') + 'x'.repeat(PAYLOAD),
    expect: (n) => String(n).padStart(8, '0') + '-'.repeat(PAYLOAD + 8),
    code: null,
  },
};
