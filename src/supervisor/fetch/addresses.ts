import ipaddr, { type IPv6 } from 'ipaddr.js';

/**
 * Whether an IP address is one of the public internet: none of this machine, of its networks, or of those reserved for
 * something else (IANA's special-purpose registries). Addresses that carry an IPv4 address count as that.
 */
export function isPublicAddress(text: string): boolean {
  const address = ipaddr.parse(text);
  const range = address.range();
  if (address.kind() === 'ipv6') {
    const six = address as IPv6;
    if (range === 'ipv4Mapped') return isPublicAddress(six.toIPv4Address().toString());
    // NAT64 (RFC 6052): networks without IPv4 reach it so.
    if (range === 'rfc6052') {
      const bytes = six.toByteArray();
      return isPublicAddress(bytes.slice(12).join('.'));
    }
  }
  return range === 'unicast';
}
