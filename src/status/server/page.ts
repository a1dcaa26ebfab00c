import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { text, type Answer } from './answer.js';

/** Where scripts/build.mjs puts what src/status/page/ becomes. */
const FOLDER = new URL('../page/', import.meta.url);

/** The web page: one document with its style and script inside, and a policy that lets it run nothing else. */
export class Page {
  #answer: Answer | null = null;

  /** Throws when the build left no page. */
  answer(): Answer {
    this.#answer ??= assemble();
    return this.#answer;
  }
}

function assemble(): Answer {
  const [document, style, script] = ['index.html', 'page.css', 'page.script.js'].map((name) =>
    readFileSync(new URL(name, FOLDER), 'utf8'),
  ) as [string, string, string];
  const policy = [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    "connect-src 'self'",
    // The icon of the tab.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  const body = document
    .replace('<!-- style -->', () => `<style>${style}</style>`)
    .replace('<!-- script -->', () => `<script type="module">${script}</script>`);
  return {
    ...text(body, 'text/html; charset=utf-8'),
    headers: { 'Content-Security-Policy': policy.join('; ') },
  };
}

/** As a Content Security Policy names what is written in a document (CSP 3, "hash-source"). */
function hash(contents: string): string {
  return `sha256-${createHash('sha256').update(contents).digest('base64')}`;
}
