import { MAX_OPEN_REQUESTS } from '../model/index.js';
import { Control, type Host } from './host.js';
import { Message } from './message-kinds.js';
import type { SliceScope } from './slice-scope.js';

/** `segments` is null when the Sandbox has no memory left for them. */
type OnAnswer = (text: string, segments: ArrayBuffer[] | null) => void;

interface Request {
  readonly text: string;
  readonly segments: readonly Uint8Array[];
  readonly onAnswer: OnAnswer;
  sent: boolean;
}

const { create } = Object;
const NO_HEAD = new Uint8Array(0);

/**
 * What the Work Function asks of the world outside, through the host. A Slice may wait for the answers; those that have not
 * come when it ends are given up.
 */
export class Requests {
  #byId = create(null) as Record<number, Request | undefined>;
  #lastId = 0;
  /** Those that have been sent and have no answer. */
  #sent = 0;
  /** Those that wait for others to be answered, from `#next` on; some may have been dropped. */
  #waiting: number[] = [];
  #next = 0;
  #endsWithSlice = false;

  constructor(
    private readonly host: Host,
    private readonly scope: SliceScope,
  ) {}

  /**
   * Answers the number of a new request.
   * @param segments each all of its ArrayBuffer, which is detached when the request is sent
   */
  open(text: string, segments: readonly Uint8Array[], onAnswer: OnAnswer): number {
    const id = ++this.#lastId;
    this.#byId[id] = { text, segments, onAnswer, sent: false };
    this.host.control[Control.openRequests]!++;
    if (!this.#endsWithSlice) {
      this.#endsWithSlice = true;
      this.scope.atEnd(() => {
        this.#dropAll();
      });
    }
    this.#waiting[this.#waiting.length] = id;
    this.#sendWaiting();
    return id;
  }

  /** Nobody waits for its answer any more. */
  drop(id: number): void {
    const request = this.#remove(id);
    if (request?.sent === true) this.host.post(Message.requestDropped, 0, id, '');
    this.#sendWaiting();
  }

  answer(id: number, text: string, segments: ArrayBuffer[] | null): void {
    const request = this.#remove(id);
    this.#sendWaiting();
    request?.onAnswer(text, segments);
  }

  #remove(id: number): Request | undefined {
    const request = this.#byId[id];
    if (request === undefined) return undefined;
    delete this.#byId[id];
    this.host.control[Control.openRequests]!--;
    if (request.sent) this.#sent--;
    return request;
  }

  #sendWaiting(): void {
    const waiting = this.#waiting;
    while (this.#next < waiting.length && this.#sent < MAX_OPEN_REQUESTS) {
      const id = waiting[this.#next++]!;
      const request = this.#byId[id];
      if (request === undefined) continue;
      request.sent = true;
      this.#sent++;
      this.host.post(Message.request, 0, id, request.text, NO_HEAD, request.segments);
    }
    if (this.#next === waiting.length) {
      waiting.length = 0;
      this.#next = 0;
    }
  }

  #dropAll(): void {
    this.#endsWithSlice = false;
    // First those that have not been sent: dropping others must not send them.
    this.#waiting.length = 0;
    this.#next = 0;
    for (const id in this.#byId) this.drop(+id);
  }
}
