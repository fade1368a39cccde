/** Which part of the map is in the window, and how large. */

/** @import { Box, Point } from "./types.d.ts" */

/** How far beyond the size at which all is in the window one can zoom out and in. */
const OUT = 0.5;
const MARGIN = 0.92;

export class Camera {
  /** @param {number} count of items: the more there are, the farther one can zoom in */
  constructor(count) {
    this.width = 1;
    this.height = 1;
    /** @type {Point} */
    this.centre = { x: 0.5, y: 0.5 };
    this.zoom = 1;
    this.maxZoom = Math.max(16, 4 * Math.sqrt(count));
  }

  /** CSS pixels per unit of the map. */
  get scale() {
    return this.zoom * MARGIN * Math.min(this.width, this.height);
  }

  /**
   * @param {Point} point of the map
   * @returns {Point} in the window
   */
  toWindow({ x, y }) {
    return {
      x: (x - this.centre.x) * this.scale + this.width / 2,
      y: (y - this.centre.y) * this.scale + this.height / 2,
    };
  }

  /**
   * @param {Point} point in the window
   * @returns {Point} of the map
   */
  toMap({ x, y }) {
    return {
      x: (x - this.width / 2) / this.scale + this.centre.x,
      y: (y - this.height / 2) / this.scale + this.centre.y,
    };
  }

  /**
   * Return the part of the map in the window, with so many pixels around it.
   * @param {number} margin
   * @returns {Box}
   */
  box(margin = 0) {
    const from = this.toMap({ x: -margin, y: -margin });
    const to = this.toMap({ x: this.width + margin, y: this.height + margin });
    return { left: from.x, top: from.y, right: to.x, bottom: to.y };
  }

  /**
   * Move by pixels.
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.moveTo({ x: this.centre.x - dx / this.scale, y: this.centre.y - dy / this.scale });
  }

  /** @param {Point} centre */
  moveTo({ x, y }) {
    this.centre = { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
  }

  /**
   * Zoom so that what is under a point of the window stays there.
   * @param {number} factor
   * @param {Point} [at] the middle if it is left out
   */
  zoomBy(factor, at = { x: this.width / 2, y: this.height / 2 }) {
    const fixed = this.toMap(at);
    this.zoom = Math.min(this.maxZoom, Math.max(OUT, this.zoom * factor));
    const moved = this.toMap(at);
    this.moveTo({ x: this.centre.x + fixed.x - moved.x, y: this.centre.y + fixed.y - moved.y });
  }

  /** Show all of the map. */
  fit() {
    this.zoom = 1;
    this.centre = { x: 0.5, y: 0.5 };
  }

  /**
   * Show a box of the map.
   * @param {Box} box
   */
  show({ left, top, right, bottom }) {
    const unit = MARGIN * Math.min(this.width, this.height);
    const across = Math.max((right - left) / this.width, (bottom - top) / this.height, 1e-6);
    this.zoom = Math.min(this.maxZoom, Math.max(OUT, 0.8 / across / unit));
    this.moveTo({ x: (left + right) / 2, y: (top + bottom) / 2 });
  }
}
