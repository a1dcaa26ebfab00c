import type { BusConnection } from './connection.js';
import type { Reading, Subject } from './watched-bus.js';

/** What the screensaver of a session does; null: the session has none that says. */
export type ScreensaverState = { readonly service: string; readonly active: boolean } | null;

interface Place {
  readonly path: string;
  readonly interface: string;
}

/**
 * Services and where they are to be asked, the first that answers. GNOME's and KDE's also own the name of freedesktop.org, which
 * GNOME's does not answer under.
 */
const SERVICES: Readonly<Record<string, readonly Place[]>> = {
  'org.gnome.ScreenSaver': [{ path: '/org/gnome/ScreenSaver', interface: 'org.gnome.ScreenSaver' }],
  'org.kde.screensaver': [
    { path: '/ScreenSaver', interface: 'org.freedesktop.ScreenSaver' },
    { path: '/org/kde/screensaver', interface: 'org.kde.screensaver' },
  ],
  'org.cinnamon.ScreenSaver': [{ path: '/org/cinnamon/ScreenSaver', interface: 'org.cinnamon.ScreenSaver' }],
  'org.mate.ScreenSaver': [{ path: '/org/mate/ScreenSaver', interface: 'org.mate.ScreenSaver' }],
  'org.xfce.ScreenSaver': [{ path: '/org/xfce/ScreenSaver', interface: 'org.xfce.ScreenSaver' }],
  'org.freedesktop.ScreenSaver': [
    { path: '/org/freedesktop/ScreenSaver', interface: 'org.freedesktop.ScreenSaver' },
    { path: '/ScreenSaver', interface: 'org.freedesktop.ScreenSaver' },
  ],
};

/** The screensavers of the desktops: `GetActive`, and the signal `ActiveChanged`. */
export const SCREENSAVERS: Subject<ScreensaverState> = {
  names: Object.keys(SERVICES),
  rules: Object.keys(SERVICES).map((name) => `type='signal',sender='${name}',member='ActiveChanged'`),
  read: readScreensavers,
};

type Answer = { readonly service: string; readonly active: boolean } | { readonly error: unknown };

/** One that runs decides: two names may be of one program, and a second screensaver that is idle says nothing. */
async function readScreensavers(
  connection: BusConnection,
  owners: ReadonlyMap<string, string>,
): Promise<Reading<ScreensaverState>> {
  const answers = await Promise.all([...owners].map(([name, owner]) => askService(connection, name, owner)));
  const states = answers.flatMap((answer) => ('active' in answer ? [answer] : []));
  const state = states.find(({ active }) => active) ?? states[0] ?? null;
  const failed = answers.find((answer) => 'error' in answer);
  if (state === null && failed) throw failed.error;
  return { state, againMs: null };
}

async function askService(connection: BusConnection, service: string, owner: string): Promise<Answer> {
  let error: unknown = null;
  for (const place of SERVICES[service]!) {
    try {
      const [active] = await connection.ask({
        destination: owner,
        ...place,
        member: 'GetActive',
        answer: 'b',
      });
      return { service, active: active === true };
    } catch (failure) {
      error ??= failure;
    }
  }
  return { error };
}
