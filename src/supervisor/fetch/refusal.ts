/** A request that gets no response; the message is for the author of the Work Function. */
export class FetchRefusal extends Error {}
