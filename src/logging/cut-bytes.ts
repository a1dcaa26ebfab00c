/** The beginning of a text that takes so many bytes of UTF-8 at most; `…` at its end says that something is missing. */
export function cutBytes(text: string, mostBytes: number): string {
  if (Buffer.byteLength(text) <= mostBytes) return text;
  const bytes = Buffer.from(text.slice(0, mostBytes));
  let end = Math.max(0, mostBytes - Buffer.byteLength('…'));
  // Not within a character: its further bytes begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return mostBytes < Buffer.byteLength('…') ? '' : `${bytes.toString('utf8', 0, end)}…`;
}
