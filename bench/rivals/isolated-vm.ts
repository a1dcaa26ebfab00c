/**
 * isolated-vm for the Node that runs: each release of it fits some majors only. scripts/bench.mjs says in which folder another one
 * than the development dependency lies.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import type Ivm from 'isolated-vm';

const folder = process.env['DCP_BENCH_ISOLATED_VM'];
const require = createRequire(folder === undefined ? import.meta.url : path.join(folder, 'package.json'));

export const ivm = require('isolated-vm') as typeof Ivm;
