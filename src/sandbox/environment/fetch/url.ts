import { realm } from './realm.js';

/** An absolute URL as the URL standard writes it. There is no document it could be relative to. Throws TypeError. */
export function toAbsoluteUrl(
  value: unknown,
  where: string,
): { readonly href: string; readonly hasCredentials: boolean } {
  const { URL } = realm.group('url');
  const text = `${value as string}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new realm.primordials.TypeError(`${where}: "${text}" is no absolute URL`);
  }
  return { href: url.href, hasCredentials: url.username !== '' || url.password !== '' };
}
