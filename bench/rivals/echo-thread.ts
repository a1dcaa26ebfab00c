/** A worker thread that sends back what it gets, by copy or by transfer as `transfer` says. */
import { parentPort } from 'node:worker_threads';

parentPort!.on('message', ({ array, transfer }: { array: Float64Array<ArrayBuffer>; transfer: boolean }) => {
  parentPort!.postMessage(array, transfer ? [array.buffer] : []);
});
