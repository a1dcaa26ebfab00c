import { DatagramSocket } from './datagram-socket.js';

/** How long a service manager may take to read what it was told before, milliseconds. It is the first process: it reads at once. */
const PATIENCE_MS = 1_000;

/**
 * Tells systemd, or whoever started this service, how it is, as sd_notify(3) does: `READY=1`, `STATUS=…`, `STOPPING=1`,
 * `WATCHDOG=1`, several separated by line breaks. False when nobody asked to be told (`NOTIFY_SOCKET`), or nobody listens:
 * a service works without. Waits a second at most, and only for a manager that has not read earlier messages.
 */
export function sdNotify(state: string, env: NodeJS.ProcessEnv = process.env): boolean {
  const address = env['NOTIFY_SOCKET'];
  // Other kinds of address (`vsock:`) are for services in virtual machines of their own.
  if (address === undefined || !/^[/@]./.test(address)) return false;
  let socket: DatagramSocket | null = null;
  try {
    socket = new DatagramSocket();
    socket.connect(address);
    const message = Buffer.from(state);
    const sending = socket.send(message);
    if (sending !== 'wouldBlock') return sending === 'sent';
    return socket.waitWritable(PATIENCE_MS) && socket.send(message) === 'sent';
  } catch {
    return false;
  } finally {
    socket?.close();
  }
}
