/** The monitors that ask a bus, as rules have them. */
import type { MonitorKind } from '../monitor-kind.js';
import { LogindMonitor, type LogindOptions } from './logind.js';
import { ScreensaverMonitor, type ScreensaverOptions } from './screensaver.js';
import { SessionMonitor, type SessionOptions } from './session.js';

/** A source says itself when it has changed, and desktops wait before they call themselves idle. */
const AT_ONCE = { afterMs: 0, goneForMs: 0, stop: null } as const;

export const SCREENSAVER: MonitorKind<ScreensaverOptions> = {
  name: 'screensaver',
  policy: AT_ONCE,
  complete: (fields) => {
    const addresses = fields.texts('addresses', []);
    return addresses.length === 0 ? {} : { addresses };
  },
  make: (settings) => new ScreensaverMonitor(settings),
};

export const LOGIND: MonitorKind<LogindOptions> = {
  name: 'logind',
  policy: AT_ONCE,
  complete: (fields) => {
    const address = fields.text('address', '');
    return {
      ...(address !== '' && { address }),
      consoleIdleS: fields.number('consoleIdleS', 1, 86_400, 'seconds', 30),
    };
  },
  make: (settings) => new LogindMonitor(settings),
};

export const SESSION: MonitorKind<SessionOptions> = {
  name: 'session',
  policy: AT_ONCE,
  complete: (fields) => {
    const address = fields.text('address', '');
    return {
      ...(address !== '' && { address }),
      utmp: fields.text('utmp', '/run/utmp'),
      everyMs: fields.number('everyMs', 100, 60_000, 'milliseconds', 5_000),
    };
  },
  make: (settings) => new SessionMonitor(settings),
};
