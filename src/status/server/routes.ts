import { EXPOSITION_TYPE } from '../exposition.js';
import { metricsText } from '../metrics.js';
import { reportText } from '../report.js';
import type { StatusSource, WorkerControl } from '../worker-status.js';
import { json, text, type Answer } from './answer.js';
import type { Page } from './page.js';

/** What a route may use. */
export interface RouteContext {
  readonly source: StatusSource;
  readonly control: WorkerControl;
  readonly page: Page;
  readonly url: URL;
}

/** One thing that can be asked. `events` is answered as a stream, by others. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: 'events' | ((context: RouteContext) => Answer | Promise<Answer>);
}

/** All there is to ask, by path. What is `POST` changes the Worker and is for the Unix socket alone. */
export const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/', reads(({ page }) => page.answer())],
  ['/status', reads(({ source }) => json(source.status()))],
  ['/history', reads(({ source }) => json(source.history()))],
  ['/records', reads(({ source }) => json(source.recentRecords()))],
  ['/report', reads(({ source }) => text(reportText(source.status(), source.history())))],
  ['/metrics', reads(({ source }) => text(metricsText(source.status()), EXPOSITION_TYPE))],
  ['/events', { method: 'GET', answer: 'events' }],
  ['/pause', changes(({ control }) => control.pause())],
  ['/resume', changes(({ control }) => control.resume())],
  ['/drain', changes(({ control }) => control.drain())],
  ['/stop', changes(({ control, url }) => control.stop(url.searchParams.has('now')))],
  [
    '/profile',
    {
      method: 'POST',
      answer: ({ control, url }) => json({ lines: control.useProfile(url.searchParams.get('name') ?? '') }),
    },
  ],
  ['/reload', { method: 'POST', answer: async ({ control }) => json({ lines: await control.reload() }) }],
]);

function reads(answer: (context: RouteContext) => Answer): Route {
  return { method: 'GET', answer };
}

/** Answers the state that the Worker is in then. */
function changes(change: (context: RouteContext) => void): Route {
  return {
    method: 'POST',
    answer: (context) => {
      change(context);
      return json({ state: context.source.status().state });
    },
  };
}
