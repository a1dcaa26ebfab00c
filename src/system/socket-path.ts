/**
 * What the path of a Unix socket may have: `sun_path` of `sockaddr_un` has 108 bytes, the last of which is 0 (unix(7)). Node cuts off what a
 * longer one has.
 */
export const MAX_SOCKET_PATH_BYTES = 107;
