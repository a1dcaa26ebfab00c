import ipaddr, { type IPv6 } from 'ipaddr.js';

/** The first three bits of 2000::/3. */
const GLOBAL_UNICAST = 0b001;

/**
 * Whether an IP address is one of the public internet: none of this machine, of its networks, or of those reserved for
 * something else (IANA's special-purpose registries). IPv4-mapped addresses and NAT64's count as the IPv4 address they carry.
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
    // Nothing else is assigned for unicast (IANA, "IPv6 Global Unicast Address Assignments"): ::127.0.0.1 is of the rest.
    if (six.parts[0]! >> 13 !== GLOBAL_UNICAST) return false;
  }
  return range === 'unicast';
}
