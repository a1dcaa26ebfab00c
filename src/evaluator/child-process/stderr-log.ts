import type { Readable } from 'node:stream';
import { oneLine } from '../../model/index.js';

/** What one process may print; more is read and dropped. */
const MAX_BYTES = 64 * 1024;
const MAX_LINE = 1000;

/** Passes on what an evaluator process prints on standard error, line by line, up to a bound; somebody may have broken out into it. */
export class StderrLog {
  #rest = '';
  #bytes = 0;
  /** V8's or Node's last word, empty when it had none. */
  fatal = '';

  constructor(
    stream: Readable,
    private readonly onLine: (line: string) => void,
  ) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.#add(text));
    stream.on('end', () => this.#line(this.#rest));
  }

  #add(text: string): void {
    if (this.#bytes > MAX_BYTES) return;
    this.#bytes += text.length;
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!.slice(-MAX_LINE);
    for (const line of lines) this.#line(line);
    if (this.#bytes > MAX_BYTES) {
      this.#rest = '';
      this.onLine(`it prints more than ${MAX_BYTES / 1024} KiB; the rest is dropped`);
    }
  }

  #line(line: string): void {
    const text = oneLine(line.trim(), MAX_LINE);
    if (text === '') return;
    if (/^(FATAL ERROR|# Fatal|#\s+Fatal|\w*Error:)/.test(text)) this.fatal ||= text.replace(/^#\s*/, '');
    this.onLine(text);
  }
}
