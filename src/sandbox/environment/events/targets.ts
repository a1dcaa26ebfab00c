/** EventTargets for other groups. */
export interface Targets {
  /** Makes an object an EventTarget that did not come from the constructor of that name. Once. */
  adopt(object: object): void;
  /** DOM, "fire an event", an Event at an EventTarget. Answers whether nobody prevented the default. */
  fire(event: object, target: object): boolean;
  /** Whether an Event is on its way: it cannot be initialized then. */
  isDispatching(event: object): boolean;
  /** For an attribute `on…` of an EventTarget. */
  handler(target: object, type: string): Handler;
}

/** What an event handler attribute gets and sets. */
export interface Handler {
  get(): object | null;
  set(value: unknown): void;
}

/** The class Event, for classes that extend it. */
export type EventClass = new (
  type: unknown,
  init?: unknown,
) => {
  initEvent(type: unknown, bubbles?: unknown, cancelable?: unknown): void;
};
