import { createRequire } from 'node:module';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

interface Program {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}
const found = (await import(pathToFileURL(path.join(ROOT, 'scripts/chromium.mjs')).href)) as {
  chromium(): Program | null;
  promtool(): string | null;
};

/** What `npm run chromium` has fetched, or what is installed. */
export const browserProgram = found.chromium();
export const promtool = found.promtool();
/** For the option `skip` of a test. */
export const withoutBrowser =
  browserProgram === null && 'there is no Chromium; "npm run chromium" fetches one';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Chromium, with a profile of its own; it ends with the tests of the file. */
export async function openBrowser(): Promise<Browser> {
  const { program, env } = browserProgram!;
  return chromium.launch({ executablePath: program, args: ARGUMENTS, env: { ...process.env, ...env } });
}

/** A page, and what it complained of: messages of its console that are warnings or errors, and exceptions. */
export interface Opened {
  readonly page: Page;
  readonly complaints: string[];
}

export async function openPage(
  t: TestContext,
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  return { page, complaints };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What stands in the way of people who use the page otherwise than by looking at it: rules of WCAG 2.2, A and AA. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    interface Axe {
      run(
        options: object,
      ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
    }
    const { axe } = globalThis as unknown as { axe: Axe };
    const { violations } = await axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html}: ${node.failureSummary}`),
    );
  });
}
