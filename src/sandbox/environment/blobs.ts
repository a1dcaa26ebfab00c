/** Blobs for other groups. */
export interface Blobs {
  /** What a Blob holds, not to be changed; undefined for everything else. */
  read(value: unknown): { readonly bytes: Uint8Array; readonly type: string } | undefined;
  /** The bytes are the Blob's from now on. */
  make(bytes: Uint8Array, type: string): object;
}
