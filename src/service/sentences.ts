/** What the service says of itself, for people. */
import type { ConfigChange } from '../config/index.js';
import { placesText, rateText } from '../model/index.js';
import { busySandboxes, type WorkerStatus } from '../status/index.js';

/** One line, as `systemctl status` shows it. */
export function headlineText({ state, sandboxes, places, rates, idle }: WorkerStatus): string {
  const busy = busySandboxes(sandboxes);
  const why = idle === null ? '' : `; ${idle.code}: ${idle.text}`;
  return `${state}: ${busy} of ${places.all} Sandboxes, ${rateText(rates.slicesPerSecond)} Slices/s${why}`;
}

/** `1 place`, `8 places, 2 with a GPU`. */
export function sandboxPlacesText({ places: { all, gpu } }: WorkerStatus): string {
  return `${placesText(all)}${gpu > 0 ? `, ${gpu} with a GPU` : ''}`;
}

export function changeText({ key, effect, before, after }: ConfigChange): string {
  return `${key}: ${before} → ${after}${effect === 'live' ? '' : ' (when the Worker is started again)'}`;
}

/** `worker.profile: "auto" is not in force: "dcp-worker profile inUse" is, until "dcp-worker profile auto"`. */
export function overruledText(configured: string, commanded: string): string {
  return `worker.profile: "${configured}" is not in force: "dcp-worker profile ${commanded}" is, until "dcp-worker profile ${configured}"`;
}
