import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { openStatusServer, type HttpListenerOptions } from '#src/status/index.js';
import { barriers, openBrowser, openPage, withoutBrowser } from './browser.js';
import { HOSTILE_NAME, idleBecause, recordOf, serve, statusOf, type Served } from './support.js';

/** Where pictures of the page go; `docs` makes those of docs/MONITORING.md anew. */
const PICTURES = path.resolve(
  process.env['DCP_TEST_PICTURES'] ?? fileURLToPath(new URL('./pictures', import.meta.url)),
);
const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } } as const;
const skip = withoutBrowser;

let browser: Browser;
before(async () => {
  if (skip === false) browser = await openBrowser();
});
after(() => browser?.close());

/** A Worker that says each second what it does. */
async function serveTicking(t: TestContext, http: Partial<HttpListenerOptions> = {}): Promise<Served> {
  const served = await serve(t, http);
  const ticking = setInterval(() => served.source.tick(), 1_000);
  t.after(() => clearInterval(ticking));
  return served;
}

/** The page has heard of the Worker. */
function shown(page: Page): Promise<void> {
  return page.locator('main[aria-busy="false"]').waitFor();
}

/** Of all there is, and of what can be seen. */
function widthsOf(page: Page): Promise<[number, number]> {
  return page.evaluate('[document.documentElement.scrollWidth, document.documentElement.clientWidth]');
}

for (const [name, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(
      `on a ${name}, ${colorScheme}: curves, no sideways scrolling, nothing that keeps anybody out`,
      { skip },
      async (t) => {
        const { url } = await serveTicking(t);
        const { page, complaints } = await openPage(t, browser, url, {
          viewport,
          colorScheme,
          deviceScaleFactor: 1.5,
        });
        await shown(page);
        for (const label of ['Slices per second', 'Mean time of a Slice', 'CPU', 'GPU']) {
          const chart = page.getByRole('img', { name: `${label} over the last five minutes: now` });
          const points = ((await chart.locator('.curve').getAttribute('d')) ?? '').split('L').length;
          assert.ok(points > 200, `${label}: a curve of ${points} points`);
        }
        assert.equal(await page.getByText('Core 8').count(), 1);
        const [scrollWidth, clientWidth] = await widthsOf(page);
        assert.ok(scrollWidth <= clientWidth, `${scrollWidth} pixels wide, in a window of ${clientWidth}`);
        assert.deepEqual(await barriers(page), []);
        assert.deepEqual(complaints, []);
        mkdirSync(PICTURES, { recursive: true });
        await page.screenshot({
          path: path.join(PICTURES, `worker-${name}-${colorScheme}.png`),
          fullPage: true,
        });
      },
    );
  }
}

test('names that owners of Jobs choose are text, in rows, in the log, everywhere', { skip }, async (t) => {
  const { url, source } = await serveTicking(t);
  const { page, complaints } = await openPage(t, browser, url);
  await shown(page);
  const shownName = HOSTILE_NAME.replace(/[\u001b\n\u202e]/g, '\ufffd');
  assert.equal(await page.locator('.row .title').getByText(shownName, { exact: true }).count(), 2);
  source.say(recordOf(`again ${HOSTILE_NAME}`));
  await page.locator('.record p').getByText(`again ${shownName}`, { exact: true }).waitFor();
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.title(), 'running · DCP Worker');
  assert.deepEqual(complaints, []);
});

test(
  'what the Worker says each second is seen, and why it does nothing, with the remedy',
  { skip },
  async (t) => {
    const { url, source } = await serveTicking(t);
    const viewport = SIZES.phone;
    const { page, complaints } = await openPage(t, browser, url, { viewport, colorScheme: 'light' });
    await shown(page);
    const none = { sandboxes: [], jobs: [], usage: { ...statusOf().usage, gpu: null } };
    source.current = statusOf({ ...none, idle: idleBecause('NO_WORK', 8) });
    source.tick();
    await page.getByText('8 places are free: the Scheduler has nothing for this Worker').waitFor();
    assert.equal(await page.getByText('NO_WORK for 2 min 10 s').count(), 1);
    assert.equal(await page.getByText('deploy a Job; dcp-worker doctor').count(), 1);
    assert.equal(await page.getByText('No Job has work for this Worker now.').count(), 1);
    assert.equal(await page.locator('.row').count(), 0);
    assert.deepEqual(await barriers(page), []);
    source.current = statusOf({ ...none, state: 'paused', idle: idleBecause('PAUSED', 1) });
    source.tick();
    await page.getByRole('status').getByText('paused').waitFor();
    await page.getByText('1 place is free: the Worker is paused').waitFor();
    source.current = statusOf();
    source.tick();
    await page.locator('#idle').waitFor({ state: 'hidden' });
    assert.equal(await page.getByRole('progressbar', { name: 'progress of the Slice' }).count(), 3);
    assert.deepEqual(complaints, []);
  },
);

test('curves are read with the keyboard', { skip }, async (t) => {
  const { url, source } = await serveTicking(t);
  const { page } = await openPage(t, browser, url);
  await shown(page);
  const tile = page.getByRole('article').filter({ has: page.getByRole('heading', { name: 'CPU' }) });
  await tile.locator('.chart').focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('PageUp');
  const wanted = `${Math.round(source.past.cpu.at(-31)! * 100)}\u202f%, 30 s ago`;
  await tile.getByText(wanted).waitFor();
  await page.keyboard.press('Escape');
  await tile.getByText('5.1 of 8 cores').waitFor();
});

test(
  'a Worker that is gone is said to be gone, and one that comes back is followed again',
  { skip },
  async (t) => {
    const first = await serveTicking(t);
    const { page } = await openPage(t, browser, first.url, { viewport: SIZES.phone });
    await shown(page);
    const port = Number(new URL(first.url).port);
    await first.server.close();
    await page.getByRole('alert').getByText('Connection lost; trying again.').waitFor();
    const source = first.source;
    source.current = statusOf({ workerId: 'another-1', startedAt: statusOf().time });
    const second = await openStatusServer({
      source,
      control: first.control,
      socket: null,
      http: { port, address: '127.0.0.1', token: null },
      onError: assert.fail,
    });
    t.after(() => second.close());
    await page.getByText('Worker another-1').waitFor();
    await page.getByRole('alert').waitFor({ state: 'hidden' });
  },
);

test('a link with the token opens the page, which forgets it and keeps a cookie', { skip }, async (t) => {
  const token = 'a-token-of-some-length';
  const { url } = await serveTicking(t, { token });
  const { page, complaints } = await openPage(t, browser, `${url}/?token=${token}`);
  await shown(page);
  assert.equal(page.url(), `${url}/`);
  await page.reload();
  await shown(page);
  assert.equal(await page.evaluate('document.cookie'), '');
  assert.deepEqual(complaints, []);
});

test('a Worker that says nothing more is said to be silent, and all stays readable', { skip }, async (t) => {
  const { url } = await serve(t);
  const { page } = await openPage(t, browser, url);
  await shown(page);
  await page.getByRole('alert').getByText('The Worker is silent; trying again.').waitFor();
  assert.deepEqual(await barriers(page), []);
});
