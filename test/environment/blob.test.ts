/** Blob, from https://w3c.github.io/FileAPI/#blob-section. Node's is the oracle where it has the same. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { agrees, answers, inSandbox, type ThrownBy } from './oracle.js';

test('parts are text, bytes and Blobs, joined in order and copied', async (t) => {
  await agrees(t, async () => {
    const bytes = new Uint8Array([0, 97, 98, 99, 0]);
    const blob = new Blob([
      'é',
      bytes.subarray(1, 3),
      new DataView(bytes.buffer, 3, 1),
      new Uint16Array([0x7a7a]).buffer,
      new Blob(['(', ')']),
      5 as never,
      '\ud800',
    ]);
    bytes.fill(1);
    return [
      blob.size,
      await blob.text(),
      [...new Uint8Array(await blob.arrayBuffer())].slice(0, 3),
      blob.type,
    ];
  }, [13, 'éabczz()5\ufffd', [0xc3, 0xa9, 97], '']);
});

test('a type is in lower case, or none when it has odd characters', async (t) => {
  await agrees(
    t,
    () =>
      ['Text/PLAIN; Charset=X', 'a\u00e9', 'a\tb', '\x7f', null].map(
        (type) => new Blob([], { type: type as never }).type,
      ),
    ['text/plain; charset=x', '', '', '', 'null'],
  );
});

test('endings: native makes every line end a line feed, in text alone', async (t) => {
  await answers(t, async () => {
    const text = 'a\r\nb\rc\n\r\r\nd\r';
    const parts = [text, new TextEncoder().encode('\r\n')];
    return [
      await new Blob(parts, { endings: 'native' }).text(),
      (await new Blob(parts).text()) === `${text}\r\n`,
    ];
  }, ['a\nb\nc\n\n\nd\n\r\n', true]);
});

test('slices count from either end, are bounded, and have a type of their own', async (t) => {
  await answers(t, async () => {
    const blob = new Blob(['0123456789'], { type: 'a/b' });
    const slices = [
      ...[
        blob.slice(),
        blob.slice(2),
        blob.slice(2, 4),
        blob.slice(-3),
        blob.slice(-3, -1),
        blob.slice(8, 99),
      ],
      ...[blob.slice(5, 2), blob.slice(-99, 1), blob.slice(NaN, Infinity), blob.slice(1).slice(1, 3)],
      blob.slice(1.5, 4.5),
    ];
    const texts = [];
    for (const slice of slices) texts.push(await slice.text());
    return [texts, blob.slice(0, 1).type, blob.slice(0, 1, 'C/D').type];
  }, [['0123456789', '23456789', '23', '789', '78', '89', '', '0', '0123456789', '23', '23'], '', 'c/d']);
});

test('text leaves a byte order mark out; bytes and arrayBuffer give copies', async (t) => {
  await answers(t, async () => {
    const blob = new Blob([new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff])]);
    const { bytes } = blob as unknown as { bytes(): Promise<Uint8Array> };
    const first = await Reflect.apply(bytes, blob, []);
    first.fill(0);
    const second = await Reflect.apply(bytes, blob, []);
    return [await blob.text(), second[0], new Uint8Array(await blob.arrayBuffer()).length];
  }, ['a\ufffd', 0xef, 5]);
});

test('what does not fit is a TypeError; promises reject', async (t) => {
  const shared = { job: { requirements: { environment: { sharedArrayBuffer: true } } } };
  const work = async (thrownBy: ThrownBy): Promise<unknown> => {
    const names = [
      () => new Blob('text' as never),
      () => new Blob({} as never),
      () => new Blob(null as never),
      () => new Blob([], { endings: 'other' as never }),
      () => new Blob([], 5 as never),
      () => new Blob([Symbol('s') as never]),
      () => new Blob([new SharedArrayBuffer(1) as never]),
      () => (Blob as unknown as () => object)(),
      () => Reflect.apply(Object.getOwnPropertyDescriptor(Blob.prototype, 'size')!.get!, {}, []) as object,
    ].map(thrownBy);
    const rejected = await (Reflect.apply(Blob.prototype.text, {}, []) as Promise<unknown>).catch(
      (error: unknown) => (error as Error).name,
    );
    return [names, rejected];
  };
  assert.deepEqual(await inSandbox(t, work, shared), [new Array<string>(9).fill('TypeError'), 'TypeError']);
});

test('it is an interface, without stream(), and can be cloned', async (t) => {
  await answers(t, async () => {
    const blob = new Blob(['x'], { type: 'a/b' });
    const copy = structuredClone({ blob }).blob;
    return [
      Object.keys(Blob.prototype).sort(),
      Object.prototype.toString.call(blob),
      Blob.length,
      [copy !== blob, copy instanceof Blob, copy.type, await copy.text()],
    ];
  }, [
    ['arrayBuffer', 'bytes', 'size', 'slice', 'text', 'type'],
    '[object Blob]',
    0,
    [true, true, 'a/b', 'x'],
  ]);
});

test('the bytes are on the account of the Sandbox', async (t) => {
  const name = await inSandbox(
    t,
    () => {
      const blobs: Blob[] = [];
      try {
        for (let turn = 0; turn < 20; turn++) blobs.push(new Blob([new Uint8Array(8 << 20)]));
        return 'fine';
      } catch (error) {
        return (error as Error).name;
      }
    },
    { sandbox: { bufferMiB: 64 } },
  );
  assert.equal(name, 'RangeError');
});
