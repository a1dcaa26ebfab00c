/** How one object of a transferable interface moves. https://html.spec.whatwg.org/#transferable-objects */
export interface Transfer {
  /** Of the interface. */
  readonly name: string;
  isDetached(): boolean;
  /** The transfer steps and those of receiving it in one: answers the object that takes its place. */
  move(): object;
}
