/** Hands bytes to the browser as a file to keep. */

/**
 * @param name - the file's name, without a folder
 * @param type - its media type
 */
export function saveFile(name: string, type: string, bytes: Uint8Array<ArrayBuffer>): void {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the address once the click is over.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
