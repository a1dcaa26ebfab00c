import { sdNotify } from '../system/index.js';

/** Of the time after which the service manager takes a silent service for dead, a sign of life comes this often. */
const SIGNS_IN_TIME = 3;

/**
 * Tells systemd how the Worker is, as `Type=notify-reload` and `WatchdogSec=` ask for (sd_notify(3), systemd.service(5)).
 * Without a service manager all of it does nothing.
 */
export class ServiceManager {
  #signs: NodeJS.Timeout | null = null;
  #status = '';

  ready(): void {
    sdNotify('READY=1');
    const everyMs = watchdogMs(process.env) / SIGNS_IN_TIME;
    // The event loop that fires this timer is what the watchdog watches.
    if (everyMs > 0) this.#signs ??= setInterval(() => sdNotify('WATCHDOG=1'), everyMs).unref();
  }

  /** One line, as `systemctl status` shows it. */
  status(text: string): void {
    if (text === this.#status) return;
    this.#status = text;
    sdNotify(`STATUS=${text}`);
  }

  reloading(): void {
    sdNotify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  /** Stopping may take longer than a watchdog waits: the signs go on. */
  stopping(): void {
    sdNotify('STOPPING=1');
  }

  close(): void {
    if (this.#signs !== null) clearInterval(this.#signs);
  }
}

/** 0: nobody watches, or another process of this service is watched. */
function watchdogMs(env: NodeJS.ProcessEnv): number {
  const { WATCHDOG_USEC, WATCHDOG_PID } = env;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return 0;
  const us = Number(WATCHDOG_USEC);
  return Number.isFinite(us) && us > 0 ? us / 1000 : 0;
}
