/** dcp-evaluator-manager on a desktop: a real dbus-daemon, and a screensaver in a process of its own. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Peer, startGateOnDesktop, stateOf } from './gate-support.js';
import { TestScreensaver } from './support/screensaver.js';
import { TestBus, withoutDbus } from './support/test-bus.js';

test(
  'evaluators run while the screensaver does, and are gone within a second when somebody comes back',
  { skip: withoutDbus },
  async (t) => {
    const bus = await TestBus.start(t);
    const screensaver = await TestScreensaver.start(t, bus.address, true);
    const gate = await startGateOnDesktop(t, bus.address);
    const peer = new Peer(t, gate.port);
    const processes = (await peer.processes())!;
    const begun = performance.now();
    await screensaver.becomes(false);
    assert.equal(await peer.closed, false);
    const tookMs = performance.now() - begun;
    assert.ok(tookMs < 1_000, `after ${tookMs} ms`);
    assert.equal(stateOf(processes[0]!), null);
    await gate.printed(/evaluators are ended; SCREENSAVER_INACTIVE: somebody uses the desktop/);
    assert.equal(await new Peer(t, gate.port).processes(), null);
    await screensaver.becomes(true);
    await gate.printed(/evaluators are ended[^]*evaluators may run\n/);
    assert.ok((await new Peer(t, gate.port).processes()) !== null);
  },
);
