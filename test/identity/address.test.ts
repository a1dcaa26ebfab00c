import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { COMMUNITY_ACCOUNT, parseAddress } from '#src/identity/index.js';
import { InvalidArgumentError } from '#src/model/index.js';

/** The examples of EIP-55. */
const EIP_55 = [
  '0x52908400098527886E0F7030069857D2E4169EE7',
  '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
  '0xde709f2102306220921060314715629080e2fb77',
  '0x27b1fdb04752bbc536007a920d24acb045561c26',
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
  '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
];

const refusal = (value: unknown): string => {
  try {
    return parseAddress('paymentAddress', value);
  } catch (error) {
    assert.ok(error instanceof InvalidArgumentError);
    assert.equal(error.field, 'paymentAddress');
    return error.message;
  }
};

test('addresses are spelled as EIP-55 has them, whichever way they come', () => {
  for (const address of [...EIP_55, COMMUNITY_ACCOUNT]) {
    const digits = address.slice(2);
    for (const spelling of [address, digits, digits.toLowerCase(), `0x${digits.toUpperCase()}`])
      assert.equal(parseAddress('a', spelling), address);
  }
});

test('one letter in the other case is refused with its place', () => {
  fc.assert(
    fc.property(fc.constantFrom(...EIP_55.slice(4)), fc.nat(39), (address, i) => {
      const digit = address[i + 2]!;
      fc.pre(/[a-f]/i.test(digit));
      const flipped = digit === digit.toLowerCase() ? digit.toUpperCase() : digit.toLowerCase();
      const wrong = address.slice(0, i + 2) + flipped + address.slice(i + 3);
      assert.ok(
        refusal(wrong).includes(`does not fit, first at digit ${i + 1} (${flipped}):`),
        refusal(wrong),
      );
    }),
  );
});

test('a wrong digit in an address of mixed case is refused', () => {
  const wrong = EIP_55[4]!.replace('6053', '6054');
  assert.match(
    refusal(wrong),
    /^paymentAddress: the checksum of 5aAeb6054F\w{30} does not fit, first at digit \d+/,
  );
});

test('what is no address is refused with what it is', () => {
  const expected = 'paymentAddress: expected 0x and 40 hexadecimal digits, got';
  assert.equal(refusal('0x12'), `${expected} "0x12"`);
  assert.equal(refusal(''), `${expected} ""`);
  assert.equal(refusal(undefined), `${expected} nothing`);
  assert.equal(refusal(12), `${expected} 12`);
  assert.equal(refusal(` ${EIP_55[0]!}`), `${expected} " ${EIP_55[0]!}"`);
  assert.equal(refusal('z'.repeat(1000)), `${expected} "${'z'.repeat(59)}…`);
});

test('any value is an address or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.anything({ withBigInt: true, maxDepth: 1 }), fc.string({ unit: 'binary' })),
      (value) => {
        assert.match(refusal(value), /^paymentAddress: expected 0x and 40 hexadecimal digits, got ./s);
      },
    ),
    { numRuns: 60 },
  );
});

test('a private key in the place of an address is not repeated', () => {
  const key = 'ab'.repeat(32);
  for (const value of [key, `0x${key}`, { key }, [`${key}ab`], key.slice(3), BigInt(`0x${key}`)])
    assert.doesNotMatch(refusal(value), /abab/);
  assert.match(refusal(key), /got "\(hidden\)"$/);
});
