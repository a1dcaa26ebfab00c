/**
 * A value that is one number needs neither validation nor msgpackr: these read and write the same bytes for a third of
 * the time. Internal to the codec.
 */

/** The longest encoded number: its first byte and eight more. */
export const MAX_NUMBER_BYTES = 9;

/** The number that bytes `start` to `end` are, or undefined when they are something else. `view` is of the same bytes. */
export function readNumber(view: DataView, start: number, end: number): number | undefined {
  if (start === end) return undefined;
  const token = view.getUint8(start);
  switch (end - start) {
    case 1:
      return token < 0x80 ? token : token >= 0xe0 ? token - 0x100 : undefined;
    case 2:
      return token === 0xcc ? view.getUint8(start + 1) : token === 0xd0 ? view.getInt8(start + 1) : undefined;
    case 3:
      return token === 0xcd
        ? view.getUint16(start + 1)
        : token === 0xd1
          ? view.getInt16(start + 1)
          : undefined;
    case 5:
      return token === 0xce
        ? view.getUint32(start + 1)
        : token === 0xd2
          ? view.getInt32(start + 1)
          : undefined;
    case 9:
      return token === 0xcb ? view.getFloat64(start + 1) : undefined;
    default:
      return undefined;
  }
}

/** Writes a number other than -0 at `at`, where there is room for any; answers where it ends. */
export function writeNumber(view: DataView, at: number, value: number): number {
  if (value >>> 0 === value) {
    if (value < 0x80) {
      view.setUint8(at, value);
      return at + 1;
    }
    if (value < 0x100) {
      view.setUint8(at, 0xcc);
      view.setUint8(at + 1, value);
      return at + 2;
    }
    if (value < 0x10000) {
      view.setUint8(at, 0xcd);
      view.setUint16(at + 1, value);
      return at + 3;
    }
    view.setUint8(at, 0xce);
    view.setUint32(at + 1, value);
    return at + 5;
  }
  if (value >> 0 === value) {
    if (value >= -0x20) {
      view.setInt8(at, value);
      return at + 1;
    }
    if (value >= -0x80) {
      view.setUint8(at, 0xd0);
      view.setInt8(at + 1, value);
      return at + 2;
    }
    if (value >= -0x8000) {
      view.setUint8(at, 0xd1);
      view.setInt16(at + 1, value);
      return at + 3;
    }
    view.setUint8(at, 0xd2);
    view.setInt32(at + 1, value);
    return at + 5;
  }
  view.setUint8(at, 0xcb);
  view.setFloat64(at + 1, value);
  return at + 9;
}
