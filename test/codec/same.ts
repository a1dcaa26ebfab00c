import assert from 'node:assert/strict';

/**
 * Asserts that two values are the same data, as far as JavaScript can tell: -0 from 0, a hole from undefined,
 * one object twice from two equal objects, classes, order of properties, which of them are enumerable. Of views on
 * one buffer it demands views on one buffer, at the same distance from each other.
 */
export function assertSame(actual: unknown, expected: unknown): void {
  new Comparison().compare(actual, expected, 'value');
}

class Comparison {
  readonly #partner = new Map<object, object>();
  readonly #partnerOf = new Map<object, object>();
  readonly #offsetDifference = new Map<object, number>();

  compare(actual: unknown, expected: unknown, path: string): void {
    if (typeof expected !== 'object' || expected === null) {
      if (!Object.is(actual, expected)) assert.fail(`${path}: ${show(actual)} is not ${show(expected)}`);
      return;
    }
    if (typeof actual !== 'object' || actual === null) assert.fail(`${path}: ${show(actual)} is no object`);
    if (this.#met(actual, expected, path)) return;
    assert.equal(Object.getPrototypeOf(actual), Object.getPrototypeOf(expected), `${path}: prototype`);
    if (ArrayBuffer.isView(expected)) return this.#compareViews(actual as ArrayBufferView, expected, path);
    if (expected instanceof ArrayBuffer) return assertSameBytes(actual as ArrayBuffer, expected, path);
    if (expected instanceof Date)
      this.compare((actual as Date).getTime(), expected.getTime(), `${path}.getTime()`);
    if (expected instanceof RegExp) {
      assert.equal((actual as RegExp).source, expected.source, `${path}.source`);
      assert.equal((actual as RegExp).flags, expected.flags, `${path}.flags`);
      assert.equal((actual as RegExp).lastIndex, 0, `${path}.lastIndex`);
      return;
    }
    if (expected instanceof Map || expected instanceof Set) {
      const pairs = [...(actual as Map<unknown, unknown>).entries()];
      const expectedPairs = [...expected.entries()];
      assert.equal(pairs.length, expectedPairs.length, `${path}.size`);
      pairs.forEach(([key, value], index) => {
        this.compare(key, expectedPairs[index]![0], `${path}.key(${index})`);
        this.compare(value, expectedPairs[index]![1], `${path}.get(key ${index})`);
      });
    }
    if (
      expected instanceof Number ||
      expected instanceof String ||
      expected instanceof Boolean ||
      expected instanceof BigInt
    ) {
      this.compare(actual.valueOf(), expected.valueOf(), `${path}.valueOf()`);
    }
    this.#compareProperties(actual, expected, path);
  }

  #met(actual: object, expected: object, path: string): boolean {
    const isMet = this.#partner.has(actual) || this.#partnerOf.has(expected);
    if (isMet) {
      assert.ok(
        this.#partner.get(actual) === expected && this.#partnerOf.get(expected) === actual,
        `${path}: not the same object as elsewhere, or not another one`,
      );
    }
    this.#partner.set(actual, expected);
    this.#partnerOf.set(expected, actual);
    return isMet;
  }

  #compareProperties(actual: object, expected: object, path: string): void {
    const names = Object.getOwnPropertyNames(expected);
    assert.deepEqual(
      Object.getOwnPropertyNames(actual).sort(expected instanceof Error ? undefined : () => 0),
      names.sort(expected instanceof Error ? undefined : () => 0),
      `${path}: property names`,
    );
    for (const name of names) {
      const descriptor = Object.getOwnPropertyDescriptor(actual, name)!;
      assert.equal(
        descriptor.enumerable,
        Object.getOwnPropertyDescriptor(expected, name)!.enumerable,
        `${path}.${name}: enumerable`,
      );
      this.compare((actual as never)[name], (expected as never)[name], `${path}.${name}`);
    }
  }

  #compareViews(actual: ArrayBufferView, expected: ArrayBufferView, path: string): void {
    assert.equal(actual.byteLength, expected.byteLength, `${path}.byteLength`);
    this.#met(actual.buffer, expected.buffer, `${path}.buffer`);
    const difference = expected.byteOffset - actual.byteOffset;
    const others = this.#offsetDifference.get(actual.buffer) ?? difference;
    assert.equal(difference, others, `${path}.byteOffset, compared to other views on the buffer`);
    this.#offsetDifference.set(actual.buffer, difference);
    assertSameBytes(
      actual.buffer.slice(actual.byteOffset, actual.byteOffset + actual.byteLength) as ArrayBuffer,
      expected.buffer.slice(expected.byteOffset, expected.byteOffset + expected.byteLength) as ArrayBuffer,
      path,
    );
  }
}

function assertSameBytes(actual: ArrayBuffer, expected: ArrayBuffer, path: string): void {
  assert.ok(Buffer.from(actual).equals(Buffer.from(expected)), `${path}: bytes`);
}

function show(value: unknown): string {
  return Object.is(value, -0) ? '-0' : typeof value === 'string' ? JSON.stringify(value) : String(value);
}
