import { durationText, printable } from '../../model/index.js';
import { furtherGates, gateText } from '../gate-text.js';
import type { WorkerStatus } from '../worker-status.js';
import { byId, setText } from './elements.js';
import { Feed } from './feed.js';
import { Log } from './log.js';
import { Tiles } from './tiles.js';
import { Work } from './work.js';

/** What the Worker is, and why it does nothing. */
function showHead(status: WorkerStatus): void {
  const { state, workerId, startedAt, time, scheduler, version, evaluator, idle } = status;
  setText(byId('worker-id'), workerId ?? '');
  setText(
    byId('facts'),
    `up ${durationText(time - startedAt)} \u00b7 ${printable(scheduler, 200)} \u00b7 evaluator ${evaluator} \u00b7 version ${version}`,
  );
  const badge = byId('state');
  setText(badge, state);
  badge.dataset['state'] = state;
  const gates = furtherGates(status.gates, idle);
  byId('gates').hidden = gates.length === 0;
  setText(byId('gates'), gates.map((gate) => gateText(gate, time)).join('; '));
  const reason = byId('idle');
  reason.hidden = idle === null;
  if (idle === null) return;
  const places = idle.places === 1 ? '1 place is free' : `${idle.places} places are free`;
  setText(byId('idle-text'), `${places}: ${printable(idle.text, 300)}`);
  setText(byId('idle-remedy'), idle.remedy);
  setText(byId('idle-code'), `${idle.code} for ${durationText(Math.max(0, time - idle.since))}`);
}

function showLost(reason: string | null): void {
  const notice = byId('lost');
  notice.hidden = reason === null;
  setText(notice, reason ?? '');
  document.body.toggleAttribute('data-lost', reason !== null);
}

// The cookie has taken the token's place; the address need not show it to whoever looks over a shoulder.
if (location.search !== '') history.replaceState(null, '', location.pathname);

const tiles = new Tiles(byId('tiles'));
const work = new Work();
const log = new Log();

new Feed({
  onStatus: (status) => {
    showHead(status);
    tiles.onStatus(status);
    work.show(status);
    byId('main').setAttribute('aria-busy', 'false');
    document.title = `${status.state} \u00b7 DCP Worker`;
  },
  onHistory: (history) => tiles.onHistory(history),
  onSample: (sample) => tiles.onSample(sample),
  onRecords: (records) => log.onRecords(records),
  onRecord: (record) => log.onRecord(record),
  onLost: showLost,
});
