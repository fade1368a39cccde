/** Decode the data blocks of the page: base64, gzip, JSON. */

/** The number that stands for no label, no picture and so on. */
export const NONE = 0xffffffff;

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<ArrayBuffer>}
 */
export function gunzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/**
 * Return the bytes of a block of the page.
 * @param {string} name
 */
export function blockBytes(name) {
  const block = document.getElementById(`data-${name}`);
  if (!block) throw new Error(`expected a block data-${name} in the page`);
  return fromBase64(block.textContent ?? "");
}

/** @param {string} name */
export async function blockBuffer(name) {
  return gunzip(blockBytes(name));
}

/**
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function blockJson(name) {
  return JSON.parse(new TextDecoder().decode(await blockBuffer(name)));
}
