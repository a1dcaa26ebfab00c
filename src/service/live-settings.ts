import type { ConfigChange, ProfileName } from '../config/index.js';
import { InvalidArgumentError } from '../model/index.js';
import type { WorkerLog, WorkerProfile } from '../status/index.js';
import type { Worker } from '../worker/index.js';
import { changeText, overruledText } from './sentences.js';
import { liveChange, type ServiceSettings } from './settings.js';

/** Settings that the Worker may take while it runs. */
interface Offered {
  readonly settings: ServiceSettings;
  /** The same error, with the place that says what a part of the Worker refuses of them. */
  readonly explained: (error: unknown) => unknown;
  /** They are in force: what comes next begins there. */
  readonly accept: () => void;
}

/** What the places of the configuration say now. */
export interface Reread extends Offered {
  readonly changes: readonly ConfigChange[];
  readonly warnings: readonly string[];
}

/** Where new settings come from. */
export interface SettingsSource {
  /** Throws, naming all that is wrong, when the configuration cannot be used. */
  reread(): Reread;
  /** The same configuration with a profile in force, whatever it says itself; null: none; `auto`: as the machine is used. */
  withProfile(profile: ProfileName | 'auto' | null): Offered;
}

export interface LiveSettingsOwner {
  readonly worker: Worker;
  readonly log: WorkerLog;
  /** How many places there are now, for people. */
  places(): string;
  /** Others are in force than were before. */
  onChanged(before: ServiceSettings): void;
}

/** The settings in force, and how a running Worker gets others: what cannot be taken leaves those before in force. */
export class LiveSettings {
  #inForce: ServiceSettings;
  /** Whether evaluators were started with a GPU. */
  readonly #hadGpu: boolean;
  /** Whether somebody uses the machine, as far as it is watched. */
  #isInUse = false;
  /** Which one `auto` has chosen. */
  #presenceProfile: ProfileName = 'idle';

  constructor(
    settings: ServiceSettings,
    private readonly source: SettingsSource,
    private readonly owner: LiveSettingsOwner,
  ) {
    this.#inForce = settings;
    this.#hadGpu = settings.worker.gpu !== null;
  }

  get inForce(): ServiceSettings {
    return this.#inForce;
  }

  get profile(): WorkerProfile {
    const { inForce, isCommanded } = this.#inForce.profile;
    if (inForce === 'auto') return { name: this.#presenceProfile, chosenBy: 'presence' };
    return { name: inForce, chosenBy: isCommanded ? 'command' : 'configuration' };
  }

  /** Answers what has changed, in sentences. Throws, and the log has it as well, when the configuration is wrong. */
  reread(): string[] {
    const { log } = this.owner;
    try {
      const read = this.source.reread();
      this.#putIntoEffect(read);
      const lines = [
        ...read.warnings,
        ...read.changes.map(changeText),
        ...this.#overruled(),
        ...this.#waitingForStart(),
      ];
      log.say('notice', 'reloaded', { changes: lines }, 'configuration read again');
      for (const line of lines) log.say('notice', 'setting', { change: line }, line);
      return lines.length === 0 ? ['nothing has changed'] : lines;
    } catch (error) {
      this.#sayNotReloaded(error);
      throw error;
    }
  }

  /** `name`: `none` for no profile. Throws `InvalidArgumentError` where there is none of that name. */
  useProfile(name: string): string[] {
    if (!isProfile(name))
      throw new InvalidArgumentError('profile', `expected inUse, idle, auto or none, got "${name}"`);
    const before = this.owner.places();
    this.#putIntoEffect(this.source.withProfile(name === 'none' ? null : name));
    const line = `profile ${name}: ${before} → ${this.owner.places()}`;
    this.owner.log.say('notice', 'profile', { profile: name }, line);
    return [line];
  }

  /** Somebody has begun, or ceased, to use the machine. What keeps the profile from following is said in the log. */
  onPresence(isInUse: boolean): void {
    this.#isInUse = isInUse;
    if (this.owner.worker.status() === null) return;
    try {
      this.#applyPresence();
    } catch (error) {
      this.#sayNotReloaded(error);
    }
  }

  /** The Worker has started: from now on it takes what follows from how the machine is used. */
  started(): void {
    this.#applyPresence();
  }

  /** Only the profile `auto` minds who uses the machine. */
  #applyPresence(): void {
    if (this.#inForce.profile.inForce !== 'auto') return;
    const profile = this.#isInUse ? 'inUse' : 'idle';
    if (profile === this.#presenceProfile) return;
    const before = this.owner.places();
    // It stays `auto`: nobody has chosen it.
    this.#change(this.source.withProfile(profile));
    this.#presenceProfile = profile;
    const what = this.#isInUse ? 'somebody uses' : 'nobody uses';
    const line = `${what} the machine, profile ${profile}: ${before} → ${this.owner.places()}`;
    this.owner.log.say('notice', 'profile', { profile }, line);
  }

  /** Throws, and nothing has changed, for settings that the Worker cannot take while it runs. */
  #change({ settings, explained }: Offered): void {
    const { worker } = this.owner;
    const { state } = worker.status() ?? { state: null };
    try {
      if (state !== null && state !== 'stopped')
        worker.reconfigure(liveChange(settings, worker.gpu.adapters.length));
    } catch (error) {
      throw explained(error);
    }
  }

  /** What the configuration says and `dcp-worker profile` has decided otherwise. */
  #overruled(): string[] {
    const { inForce, configured, isCommanded } = this.#inForce.profile;
    return isCommanded && inForce !== configured
      ? [overruledText(configured ?? 'none', inForce ?? 'none')]
      : [];
  }

  /** What of the settings in force a Worker that was started with others cannot have. */
  #waitingForStart(): string[] {
    const hasNow = this.#inForce.worker.gpu !== null;
    return hasNow && !this.#hadGpu
      ? ['GPUs are used when the Worker is started again: it began with none']
      : [];
  }

  #sayNotReloaded(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    for (const line of message.split('\n'))
      this.owner.log.say('error', 'notReloaded', { message: line }, `not reloaded: ${line}`);
  }

  #putIntoEffect(offered: Offered): void {
    this.#change(offered);
    offered.accept();
    const before = this.#inForce;
    this.#inForce = offered.settings;
    this.#presenceProfile = 'idle';
    this.owner.onChanged(before);
    this.#applyPresence();
  }
}

function isProfile(name: string): name is ProfileName | 'auto' | 'none' {
  return name === 'inUse' || name === 'idle' || name === 'auto' || name === 'none';
}
