/** Whether a text names a program as a machine is watched for it: by its name, `blender`, or by the absolute path of its file. */
export function isProgramName(text: string): boolean {
  return text !== '' && !text.includes('\0') && (text.startsWith('/') || !text.includes('/'));
}
