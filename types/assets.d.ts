/**
 * What a Work Function's file gets that imports a file which is no module, by its extension: the lists of
 * src/compute/modules/assets.ts. Not a module itself, which could declare none of these.
 */

// As bytes; the buffer is never a shared one, whatever the compiler's own Uint8Array may have.
declare module '*.wasm' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.bin' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.dat' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.npy' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.onnx' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.safetensors' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.parquet' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.arrow' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.pb' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.png' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.jpg' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.jpeg' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.gif' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.webp' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.avif' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.bmp' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.ico' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.tif' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.tiff' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.pdf' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.wav' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.mp3' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.ogg' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.flac' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.mp4' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.webm' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.gz' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.br' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.zst' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.zip' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.tar' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.ttf' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.otf' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.woff' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}
declare module '*.woff2' {
  const bytes: Uint8Array & { readonly buffer: ArrayBuffer };
  export default bytes;
}

// As text.
declare module '*.txt' {
  const text: string;
  export default text;
}
declare module '*.md' {
  const text: string;
  export default text;
}
declare module '*.csv' {
  const text: string;
  export default text;
}
declare module '*.tsv' {
  const text: string;
  export default text;
}
declare module '*.xml' {
  const text: string;
  export default text;
}
declare module '*.svg' {
  const text: string;
  export default text;
}
declare module '*.html' {
  const text: string;
  export default text;
}
declare module '*.css' {
  const text: string;
  export default text;
}
declare module '*.yaml' {
  const text: string;
  export default text;
}
declare module '*.yml' {
  const text: string;
  export default text;
}
declare module '*.toml' {
  const text: string;
  export default text;
}
declare module '*.wgsl' {
  const text: string;
  export default text;
}
declare module '*.glsl' {
  const text: string;
  export default text;
}
declare module '*.vert' {
  const text: string;
  export default text;
}
declare module '*.frag' {
  const text: string;
  export default text;
}
declare module '*.geojson' {
  const text: string;
  export default text;
}
declare module '*.topojson' {
  const text: string;
  export default text;
}
declare module '*.pem' {
  const text: string;
  export default text;
}
