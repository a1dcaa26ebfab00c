/** atob and btoa, from https://html.spec.whatwg.org/#atob and https://infra.spec.whatwg.org/#forgiving-base64. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { agrees, answers, inSandbox } from './oracle.js';
import { sandboxes } from './support.js';

const { run } = sandboxes();

test('text of bytes goes to Base64 and back', async (t) => {
  await agrees(t, () => {
    let all = '';
    for (let byte = 0; byte < 256; byte++) all += String.fromCharCode(byte);
    return [['', 'a', 'ab', 'abc', 'abcd', '\xff\xfe'].map((text) => btoa(text)), atob(btoa(all)) === all];
  }, [['', 'YQ==', 'YWI=', 'YWJj', 'YWJjZA==', '//4='], true]);
});

test('decoding forgives blanks, missing padding and bits that stand for nothing', async (t) => {
  await agrees(
    t,
    () =>
      ['YWI', ' Y\tW\nI\f=\r', 'YQ', 'YQ= =', 'YR==', 'YWJ=', '', '   ', 'YWJj'].map((text) => atob(text)),
    ['ab', 'ab', 'a', 'a', 'a', 'ab', '', '', 'abc'],
  );
});

test('what is no Base64, or no bytes, is an InvalidCharacterError', async (t) => {
  await answers(
    t,
    () =>
      [
        ...[
          'a',
          'abcde',
          '=',
          '==',
          '====',
          'YQ=',
          'YWI==',
          'YWJj=',
          'Y=Q=',
          'YQ==YQ==',
          'Y-_=',
          'YQ\v==',
          'é',
          '\0',
          '\u0141',
        ],
        ...['\xa0YQ==', 'YQ\u2003'],
      ]
        .map((text) => () => atob(text))
        .concat([() => btoa('\u0100'), () => btoa('a😀')])
        .map((attempt) => {
          try {
            return `fine: ${attempt()}`;
          } catch (error) {
            return error instanceof DOMException ? `${error.name} ${error.code}` : String(error);
          }
        }),
    new Array<string>(19).fill('InvalidCharacterError 5'),
  );
});

test('arguments become strings; none is a TypeError, as is constructing', async (t) => {
  await answers(t, () => {
    const { Object: object } = globalThis;
    const names = [
      () => (atob as () => string)(),
      () => (btoa as () => string)(),
      () => btoa(Symbol('s') as never),
      () => new (atob as unknown as new (text: string) => object)(''),
    ].map((attempt) => {
      try {
        return attempt();
      } catch (error) {
        return (error as Error).name;
      }
    });
    return [
      names,
      btoa(null as never),
      btoa(undefined as never),
      atob(null as never) === '\x9e\xe9e',
      [btoa.length, atob.length, btoa.name, atob.name],
      object.getOwnPropertyDescriptor(globalThis, 'atob')!.writable,
    ];
  }, [
    new Array<string>(4).fill('TypeError'),
    'bnVsbA==',
    'dW5kZWZpbmVk',
    true,
    [1, 1, 'btoa', 'atob'],
    true,
  ]);
});

/** What comes of each text. */
function whatComesOf(texts: readonly string[]): (string | null)[] {
  return texts.map((text) => {
    try {
      return atob(text);
    } catch {
      return null;
    }
  });
}

test('any text decodes as in Node', async () => {
  const text = fc.string({
    unit: fc.constantFrom(...'AZaz09+/==\t \n-é\u0100'),
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 500, maxLength: 500 }), async (texts) => {
      assert.deepEqual(await run(whatComesOf, texts), whatComesOf(texts));
    }),
    { numRuns: 10 },
  );
});

test('text whose Base64 no string can hold is a RangeError, and the Sandbox goes on', async (t) => {
  assert.deepEqual(
    await inSandbox(
      t,
      () => {
        let name = '';
        try {
          btoa('x'.repeat(2 ** 29 - 24));
        } catch (error) {
          name = (error as Error).name;
        }
        return [name, btoa('x')];
      },
      { sandbox: { heapMiB: 2048 } },
    ),
    ['RangeError', 'eA=='],
  );
});
