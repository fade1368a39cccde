/** The items' pictures: pages of many, decoded as they are needed, of which the last used are kept. */

import { blockBytes, NONE } from "./bytes.js";

/** @import { Collection } from "./types.d.ts" */

/** Pages kept: of 1,024 pixels a side they take 4 MB each. */
const KEPT = 32;

/** Pages decoded at once. */
const AT_ONCE = 3;

export class Pictures {
  /** @param {Collection} collection */
  constructor(collection) {
    const { pageSide, cell, ink } = collection.facts;
    this.collection = collection;
    this.cell = cell;
    this.ink = ink;
    this.columns = Math.floor(pageSide / cell);
    this.pageSide = pageSide;
    /** The last used last. @type {Map<number, ImageBitmap>} */
    this.pages = new Map();
    /** @type {Set<number>} */
    this.loading = new Set();
    /** Wanted next, the most wanted first. @type {number[]} */
    this.queue = [];
    /** @type {(() => void)[]} */
    this.listeners = [];
  }

  /** @param {() => void} listener called when pages were decoded */
  onLoad(listener) {
    this.listeners.push(listener);
  }

  /** @param {number} item */
  has(item) {
    return this.collection.slots[item] !== NONE;
  }

  /**
   * Return an item's page, and where its picture is in it in pixels.
   * @param {number} item
   */
  location(item) {
    const perPage = this.columns ** 2;
    const slot = this.collection.slots[item];
    const cell = slot % perPage;
    return {
      page: Math.floor(slot / perPage),
      left: (cell % this.columns) * this.cell,
      top: Math.floor(cell / this.columns) * this.cell,
      width: this.collection.sizes[2 * item],
      height: this.collection.sizes[2 * item + 1],
    };
  }

  /**
   * Return a page if it is decoded; otherwise decode it, before those that were asked for earlier.
   * @param {number} page
   * @returns {ImageBitmap | null}
   */
  page(page) {
    const bitmap = this.pages.get(page);
    if (bitmap) {
      this.pages.delete(page);
      this.pages.set(page, bitmap);
      return bitmap;
    }
    if (!this.loading.has(page)) {
      this.queue = [page, ...this.queue.filter((other) => other !== page)].slice(0, KEPT);
      this.#loadNext();
    }
    return null;
  }

  #loadNext() {
    while (this.loading.size < AT_ONCE && this.queue.length) {
      const page = /** @type {number} */ (this.queue.shift());
      this.loading.add(page);
      // Decoding base64 takes a moment: not in the middle of drawing.
      setTimeout(() => this.#load(page));
    }
  }

  /** @param {number} page */
  async #load(page) {
    try {
      const bitmap = await createImageBitmap(new Blob([blockBytes(`page-${page}`)], { type: "image/webp" }));
      this.pages.set(page, bitmap);
      // Not closed: whoever draws it may still hold it for this frame.
      for (const old of [...this.pages.keys()].slice(0, -KEPT)) this.pages.delete(old);
    } finally {
      this.loading.delete(page);
      this.#loadNext();
    }
    for (const listener of this.listeners) listener();
  }

  /**
   * Draw an item's picture into the middle of a canvas; return false while it is not decoded.
   * @param {CanvasRenderingContext2D} context
   * @param {number} item
   * @param {number} left
   * @param {number} top
   * @param {number} side
   */
  draw(context, item, left, top, side) {
    if (!this.has(item)) return true;
    const { page, left: x, top: y, width, height } = this.location(item);
    const bitmap = this.page(page);
    if (!bitmap) return false;
    const scale = side / Math.max(width, height);
    const [w, h] = [width * scale, height * scale];
    context.imageSmoothingEnabled = scale < 1 || this.cell > 64;
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, x, y, width, height, left + (side - w) / 2, top + (side - h) / 2, w, h);
    return true;
  }

  /**
   * Return the width and height of an item's picture whose longer side is given, or of a square without one.
   * @param {number} item
   * @param {number} side
   * @param {number} more is added to both
   */
  shape(item, side, more = 0) {
    const { sizes } = this.collection;
    const [width, height] = this.has(item) ? [sizes[2 * item], sizes[2 * item + 1]] : [1, 1];
    const scale = side / Math.max(width, height);
    return { width: width * scale + more, height: height * scale + more };
  }

  /**
   * Return a canvas with an item's picture, which appears once it is decoded.
   * @param {number} item
   * @param {number} side in CSS pixels
   */
  canvas(item, side) {
    const canvas = document.createElement("canvas");
    const ratio = Math.min(2, devicePixelRatio || 1);
    canvas.width = canvas.height = Math.round(side * ratio);
    canvas.className = "picture";
    canvas.style.width = canvas.style.height = `${side}px`;
    canvas.setAttribute("aria-hidden", "true");
    const context = canvas.getContext("2d");
    const draw = () => !context || !canvas || this.draw(context, item, 0, 0, canvas.width);
    if (!draw()) {
      const retry = () => {
        if (draw() || !canvas.isConnected) this.listeners = this.listeners.filter((other) => other !== retry);
      };
      this.listeners.push(retry);
    }
    return canvas;
  }
}
