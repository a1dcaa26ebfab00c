/** Whether a screensaver runs, as the session bus tells: a real dbus-daemon, and a screensaver in a process of its own. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { ScreensaverMonitor } from '#src/manager/monitors/screensaver.js';
import { temporaryDirectory } from '../cli/support.js';
import { Listening } from './support/listening.js';
import { TestScreensaver } from './support/screensaver.js';
import { TestBus, withoutDbus } from './support/test-bus.js';

/** A change that is told by a signal is known within this, milliseconds. */
const REACTION_MS = 1_000;
const SKIP = { skip: withoutDbus };

function listen(t: TestContext, ...buses: readonly TestBus[]): Listening {
  return new Listening(t, new ScreensaverMonitor({ addresses: buses.map(({ address }) => address) }));
}

test(
  'it finds somebody while the screensaver does not run, and hears within a second of changes',
  SKIP,
  async (t) => {
    const bus = await TestBus.start(t);
    const screensaver = await TestScreensaver.start(t, bus.address, false);
    const listening = listen(t, bus);
    assert.deepEqual(await listening.next(0), {
      code: 'SCREENSAVER_INACTIVE',
      text: `somebody uses the desktop: the screensaver (org.gnome.ScreenSaver on ${bus.address}) is not active`,
      target: 'all',
    });
    await screensaver.becomes(true);
    await listening.finds(null, REACTION_MS);
    await screensaver.becomes(false);
    await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
    assert.equal(listening.told.length, 3, 'each change is told once');
  },
);

test('it knows the screensavers of all desktops', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const listening = listen(t, bus);
  for (const name of [
    'org.freedesktop.ScreenSaver',
    'org.kde.screensaver',
    'org.cinnamon.ScreenSaver',
    'org.mate.ScreenSaver',
    'org.xfce.ScreenSaver',
  ]) {
    await listening.isUnavailable(/no screensaver is there/);
    const screensaver = await TestScreensaver.start(t, bus.address, true, name);
    await listening.finds(null, REACTION_MS);
    await screensaver.becomes(false);
    await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
    await screensaver.service.kill();
  }
});

test(
  'of two screensavers one that runs is enough, and one that cannot say does not count',
  SKIP,
  async (t) => {
    const bus = await TestBus.start(t);
    const mute = await TestScreensaver.start(t, bus.address, false, 'org.freedesktop.ScreenSaver');
    await mute.answers('s', ['not implemented']);
    const gnome = await TestScreensaver.start(t, bus.address, false);
    const mate = await TestScreensaver.start(t, bus.address, false, 'org.mate.ScreenSaver');
    const listening = listen(t, bus);
    await listening.finds('SCREENSAVER_INACTIVE');
    await mate.becomes(true);
    await listening.finds(null, REACTION_MS);
    await gnome.becomes(true);
    await mate.becomes(false);
    await gnome.becomes(false);
    await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
  },
);

test('of two sessions one in use is enough', SKIP, async (t) => {
  const [one, other] = [await TestBus.start(t), await TestBus.start(t)];
  const screensaver = await TestScreensaver.start(t, one.address, true);
  await TestScreensaver.start(t, other.address, true);
  const listening = listen(t, one, other);
  await listening.finds(null);
  await screensaver.becomes(false);
  await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
  await screensaver.becomes(true);
  await listening.finds(null, REACTION_MS);
});

test(
  'a screensaver that leaves the bus takes its finding along, and one that comes is heard',
  SKIP,
  async (t) => {
    const bus = await TestBus.start(t);
    const first = await TestScreensaver.start(t, bus.address, false);
    const listening = listen(t, bus);
    await listening.finds('SCREENSAVER_INACTIVE');
    await first.service.kill();
    await listening.isUnavailable(/no screensaver to ask .*: no screensaver is there/);
    assert.equal(listening.told.at(-2), null, 'the finding is taken back first');
    await TestScreensaver.start(t, bus.address, false);
    await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
  },
);

test('without a bus it is unavailable, and says where it looked', SKIP, async (t) => {
  const address = `unix:path=${path.join(temporaryDirectory(t), 'missing/bus')}`;
  const listening = new Listening(t, new ScreensaverMonitor({ addresses: [address] }));
  await listening.isUnavailable(new RegExp(`${address}: .*ENOENT`));
});

test('an address that is none makes it unavailable', async (t) => {
  const listening = new Listening(t, new ScreensaverMonitor({ addresses: ['autolaunch:'] }));
  await listening.isUnavailable(/autolaunch/);
});
