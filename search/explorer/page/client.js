/** Ask the service that the page came from. */

/** @import { Answer } from "./types.d.ts" */

/** Under this name the key is kept, until the tab is closed; it is never in a URL. */
const KEY_NAME = "lookalike-api-key";

/** An answer that is a problem: its sentence, its status, and its code, which is for programs. */
export class Refused extends Error {
  /**
   * @param {string} detail
   * @param {number} status
   * @param {string} code
   */
  constructor(detail, status, code) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

export class Client {
  get key() {
    return sessionStorage.getItem(KEY_NAME) ?? "";
  }

  set key(key) {
    if (key) sessionStorage.setItem(KEY_NAME, key);
    else sessionStorage.removeItem(KEY_NAME);
  }

  /**
   * Return the answer of a path; throw Refused.
   * @param {string} path
   * @param {RequestInit} [options]
   */
  async fetch(path, options = {}) {
    const headers = new Headers(options.headers);
    if (this.key) headers.set("Authorization", `Bearer ${this.key}`);
    let response;
    try {
      response = await fetch(path, { ...options, headers, credentials: "omit", redirect: "error" });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Refused("the service does not answer: is it still running?", 0, "unreachable");
    }
    if (response.ok || response.status === 304) return response;
    const { detail, code } = await response.json().catch(() => ({ detail: response.statusText, code: "" }));
    throw new Refused(String(detail), response.status, String(code));
  }

  /**
   * Return the items nearest to a stored one.
   * @param {{ id: number } | { key: string }} item
   * @param {number} k
   * @returns {Promise<Answer>}
   */
  async searchItem(item, k) {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ ...item, k });
    return (await this.fetch("v1/search", { method: "POST", headers, body })).json();
  }

  /**
   * Return the items nearest to a picture.
   * @param {Blob} picture
   * @param {number} k
   * @returns {Promise<Answer>}
   */
  async searchPicture(picture, k) {
    // The type is of no matter to the service, which looks at the bytes; some systems know none.
    const headers = { "Content-Type": picture.type || "image/unknown" };
    return (await this.fetch(`v1/search?k=${k}`, { method: "POST", headers, body: picture })).json();
  }

  /**
   * Return an item's thumbnail, null if it has none.
   * @param {number} id
   */
  async thumbnail(id) {
    try {
      return await (await this.fetch(`v1/items/${id}/thumbnail`)).blob();
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
  }
}
