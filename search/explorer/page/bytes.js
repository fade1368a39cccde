/** Decode the data blocks of the page: base64, gzip, JSON. A page of a service has got them as they are. */

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

/** The blocks that came from a server, by name. @type {Map<string, Uint8Array<ArrayBuffer>>} */
const served = new Map();

/**
 * Take the blocks of a server's answer: each is a line of its name and its number of bytes, and these.
 * @param {ArrayBuffer} buffer
 */
export function setBlocks(buffer) {
  const all = new Uint8Array(buffer);
  for (let at = 0; at < all.length;) {
    const end = all.indexOf(10, at);
    const [name, length] = new TextDecoder().decode(all.subarray(at, end)).split(" ");
    served.set(name, all.subarray(end + 1, end + 1 + Number(length)));
    at = end + 1 + Number(length);
  }
}

/**
 * Return the bytes of a block of the page.
 * @param {string} name
 */
export function blockBytes(name) {
  const bytes = served.get(name);
  if (bytes) return bytes;
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
