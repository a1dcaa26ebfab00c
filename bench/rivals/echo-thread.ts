/** A worker thread that sends back what it gets, by copy or by transfer as `transfer` says. */
import { parentPort } from 'node:worker_threads';
import type { EchoMessage } from './echo.js';

parentPort!.on('message', ({ array, transfer }: EchoMessage) => {
  parentPort!.postMessage(array, transfer && array !== null ? [array.buffer] : []);
});
