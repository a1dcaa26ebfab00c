/** Keys, and what scrolls when they are pressed. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { actionOf, KEY_HELP } from '#src/dashboard/keys.js';
import { FIRST_VIEW, nextPane, scroll, withNewRecord, type Extents } from '#src/dashboard/view.js';

const EXTENTS: Extents = {
  page: { sandboxes: 5, log: 4 },
  furthest: { sandboxes: 7, log: 10 },
  helpFurthest: 3,
};

test('keys mean what the help says; others nothing', () => {
  assert.deepEqual(actionOf({ name: 'q', sequence: 'q' }), { do: 'quit' });
  assert.deepEqual(actionOf({ name: 'c', sequence: '\x03', ctrl: true }), { do: 'interrupt' });
  assert.deepEqual(actionOf({ name: 'pageup', sequence: '\x1b[5~' }), { do: 'scroll', to: 'pageUp' });
  assert.deepEqual(actionOf({ sequence: '?' }), { do: 'help' });
  assert.equal(actionOf({ name: 'x', sequence: 'x' }), null);
  assert.equal(actionOf({ name: 'q', sequence: '\x1bq', meta: true }), null);
  assert.equal(actionOf({}), null);
  assert.ok(KEY_HELP.length > 10);
});

test('Sandboxes scroll from the top, the log from its end', () => {
  const sandboxes = nextPane(FIRST_VIEW);
  assert.equal(sandboxes.focus, 'sandboxes');
  assert.equal(nextPane(sandboxes).focus, 'log');
  assert.equal(scroll(sandboxes, 'down', EXTENTS).scrolled.sandboxes, 1);
  assert.equal(scroll(sandboxes, 'up', EXTENTS).scrolled.sandboxes, 0);
  assert.equal(scroll(FIRST_VIEW, 'up', EXTENTS).scrolled.log, 1);
  assert.equal(scroll(FIRST_VIEW, 'down', EXTENTS).scrolled.log, 0);
});

test('a page, and to either end, but no further', () => {
  const paged = scroll(FIRST_VIEW, 'pageUp', EXTENTS);
  assert.equal(paged.scrolled.log, 4);
  assert.equal(scroll(scroll(paged, 'pageUp', EXTENTS), 'pageUp', EXTENTS).scrolled.log, 10);
  assert.equal(scroll(FIRST_VIEW, 'first', EXTENTS).scrolled.log, 10);
  assert.equal(scroll(scroll(FIRST_VIEW, 'first', EXTENTS), 'last', EXTENTS).scrolled.log, 0);
  const last = scroll(nextPane(FIRST_VIEW), 'last', EXTENTS);
  assert.equal(last.scrolled.sandboxes, 7);
  // Fewer Sandboxes than before: the next key starts from what is shown.
  const fewer = { ...EXTENTS, furthest: { sandboxes: 2, log: 0 } };
  assert.equal(scroll(last, 'up', fewer).scrolled.sandboxes, 1);
});

test('the help scrolls while it is shown', () => {
  const help = { ...FIRST_VIEW, help: 0 };
  assert.equal(scroll(help, 'down', EXTENTS).help, 1);
  assert.equal(scroll(help, 'last', EXTENTS).help, 3);
  assert.deepEqual(scroll(help, 'down', EXTENTS).scrolled, FIRST_VIEW.scrolled);
});

test('a new record moves nothing for who reads an older one', () => {
  assert.equal(withNewRecord(FIRST_VIEW), FIRST_VIEW);
  assert.equal(withNewRecord(scroll(FIRST_VIEW, 'up', EXTENTS)).scrolled.log, 2);
});
