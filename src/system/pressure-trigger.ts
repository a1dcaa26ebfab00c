import { loadAddon } from './addon.js';
import { SystemError } from './datagram-socket.js';

/** native/addon/pressure.h as TypeScript sees it. The answer is 0 or a number of errno. */
interface NativePressureTrigger {
  open(file: string, trigger: string, onPressure: () => void): number;
  close(): void;
}

/**
 * The kernel tells when tasks have waited too long for something (Documentation/accounting/psi.rst). It keeps no process
 * running, and costs nothing while nobody waits.
 */
export class PressureTrigger {
  readonly #native: NativePressureTrigger;

  /**
   * `file` is one of /proc/pressure. `onPressure` is called when some task has waited for `stallMs` within `windowMs`, at most once
   * in a window. Throws SystemError where the kernel has none of it, or not for this user: without CAP_SYS_RESOURCE a
   * window must be a multiple of 2 s. Throws EvaluatorError where there is no addon.
   */
  constructor(file: string, stallMs: number, windowMs: number, onPressure: () => void) {
    const addon = loadAddon() as { readonly PressureTrigger: new () => NativePressureTrigger };
    this.#native = new addon.PressureTrigger();
    const trigger = `some ${Math.ceil(stallMs * 1000)} ${Math.round(windowMs * 1000)}`;
    const errno = this.#native.open(file, trigger, onPressure);
    if (errno !== 0) throw new SystemError('trigger', file, errno);
  }

  /** No call follows. Idempotent. */
  close(): void {
    this.#native.close();
  }
}
