/** A connection to a standing evaluator goes through here, and some of them break at a random byte, either way. */
import net, { type AddressInfo, type Socket } from 'node:net';
import type { Random } from '../../fuzz/mutate.js';
import { count } from '../../soak/trial/tally.js';

/** Of connections, that break. */
const SHARE = 0.35;
/** After 1 byte to 8 MiB: as often between 1 and 2 as between 4 and 8 MiB. */
const MAX_DOUBLINGS = 23;
const MAX_STALL_MS = 3_000;
/** `reset`: both sides get RST. `end`: both see a proper end. `stall`: nothing comes through for a while. `greeting`: it is no greeting. */
const WAYS = ['reset', 'end', 'stall', 'greeting'] as const;

interface Break {
  readonly way: (typeof WAYS)[number];
  left: number;
}

export class CuttingProxy {
  /** How connections broke. */
  readonly counts: Record<string, number> = {};
  readonly #server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    this.#accept(socket),
  );
  readonly #sockets = new Set<Socket>();
  #isCalm = false;

  constructor(
    private readonly evaluatorSocket: string,
    private readonly random: Random,
  ) {}

  /** Answers its port. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** All that there are, at once. */
  resetAll(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  /** No more of them break. */
  calm(): void {
    this.#isCalm = true;
  }

  close(): void {
    this.resetAll();
    this.#server.close();
  }

  #accept(worker: Socket): void {
    count(this.counts, 'connections');
    const evaluator = net.connect({ path: this.evaluatorSocket, allowHalfOpen: true });
    const both = [worker, evaluator];
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const other of both) other.destroy();
      });
    }
    const isBreaking = !this.#isCalm && this.random.next() < SHARE;
    const towardsWorker = this.random.below(2) === 0;
    const plan: Break = {
      way: this.random.pick(WAYS),
      left: Math.floor(2 ** (this.random.next() * MAX_DOUBLINGS)),
    };
    this.#relay(evaluator, worker, isBreaking && towardsWorker ? plan : null);
    this.#relay(worker, evaluator, isBreaking && !towardsWorker ? plan : null);
  }

  #relay(from: Socket, to: Socket, planned: Break | null): void {
    let plan = planned;
    from.on('end', () => to.end());
    from.on('data', (bytes: Buffer) => {
      if (plan?.way === 'greeting') {
        count(this.counts, 'greeting');
        bytes = bytes.map((byte) => byte ^ 0x5a) as Buffer;
        plan = null;
      } else if (plan !== null && bytes.byteLength >= plan.left) {
        const { way, left } = plan;
        plan = null;
        count(this.counts, way);
        if (way !== 'stall') return this.#break(from, to, way, bytes.subarray(0, left));
        from.pause();
        setTimeout(() => from.resume(), this.random.below(MAX_STALL_MS));
      } else if (plan !== null) plan.left -= bytes.byteLength;
      if (to.write(bytes)) return;
      from.pause();
      to.once('drain', () => from.resume());
    });
  }

  #break(from: Socket, to: Socket, way: 'reset' | 'end', last: Uint8Array): void {
    from.pause();
    to.write(last, () => {
      if (way === 'end') {
        to.end();
        from.end();
        // Whoever does not mind the end is not waited for.
        setTimeout(() => to.destroy(), 1000).unref();
      } else {
        reset(to);
        reset(from);
      }
    });
  }
}

/** UNIX sockets know no RST: their end is one. */
function reset(socket: Socket): void {
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
