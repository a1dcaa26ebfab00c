import type { Clock } from '../clock.js';
import type { explain, Failures, ownStack, ValueTexts } from '../failure.js';
import type { JobSide } from '../job-side.js';
import type { Messages } from '../messages.js';
import type { GlobalEvents, Reports } from '../reports.js';
import type { Requests } from '../requests.js';
import type { SliceScope } from '../slice-scope.js';
import type { Timers } from '../timers.js';
import type { CodecExports } from '../codec-exports.js';
import type { Blobs } from './blobs.js';
import type { Signals } from './events/signals.js';
import type { EventClass, Targets } from './events/targets.js';
import type { EnvironmentHost } from './host.js';
import type { GroupName } from './groups.js';
import type { SourceMapExports } from './source-map.js';
import type { Clone } from './structured-clone/clone.js';
import type { Primordials } from './primordials.js';

/** What groups get from one another, by group. */
export interface SharedExports extends Record<string, object> {
  readonly blob: { readonly blobs: Blobs };
  readonly codec: CodecExports;
  readonly console: ValueTexts;
  readonly 'job-side': JobSide;
  readonly 'source-map': SourceMapExports;
  'dom-exception': {
    readonly DOMException: new (message?: string, name?: string) => Error;
  };
  encoding: {
    readonly TextDecoder: typeof TextDecoder;
    readonly TextEncoder: typeof TextEncoder;
  };
  events: {
    readonly Event: EventClass;
    readonly EventTarget: new () => object;
    readonly globalEvents: GlobalEvents;
    readonly signals: Signals;
    readonly targets: Targets;
  };
  'structured-clone': {
    readonly clone: Clone;
  };
  webgpu: { readonly gpu: object };
  url: {
    readonly URL: typeof URL;
    readonly URLSearchParams: typeof URLSearchParams;
  };
}

/** What of the prelude groups use. */
export interface RealmParts {
  readonly clock: Clock;
  readonly messages: Messages;
  readonly reports: Reports;
  readonly requests: Requests;
  readonly scope: SliceScope;
  readonly timers: Timers;
  readonly explain: typeof explain;
  readonly ownStack: typeof ownStack;
  readonly failures: Failures;
}

/** What the prelude hands to every group of the environment. The Work Function never gets hold of it. */
export interface Realm extends RealmParts {
  readonly primordials: Primordials;
  /** Whether there is a `navigator.gpu`. Set when the Job comes, before any group is made. */
  webgpu: boolean;
  /**
   * What a group exports, whatever the Work Function has made of the globals of these names; makes the group when it
   * is the first to ask. Throws when it cannot be made: at the end of the stack, for instance.
   */
  group<Name extends GroupName>(name: Name): SharedExports[Name];
}

/** The default export of a group: makes its globals, by name. Changes nothing of the realm, so that it may be tried again. */
export type MakeGroup = (host: EnvironmentHost, realm: Realm) => Record<string, unknown>;
