/** A uniform grid over the points of the map: what is near the pointer, in a rectangle, in a lasso. */

/** @import { Box, Point } from "./types.d.ts" */

/** Points that share a cell on average. */
const PER_CELL = 4;

/** The largest coordinate. */
const EXTENT = 65535;

export class Grid {
  /** @param {Uint16Array} points two coordinates each */
  constructor(points) {
    const count = points.length / 2;
    this.points = points;
    this.size = Math.max(1, Math.ceil(Math.sqrt(count / PER_CELL)));
    const cells = new Uint32Array(count);
    /** Where each cell's items begin in `items`. */
    this.starts = new Uint32Array(this.size ** 2 + 1);
    for (let i = 0; i < count; i++) {
      cells[i] = this.#cell(points[2 * i + 1] / EXTENT) * this.size + this.#cell(points[2 * i] / EXTENT);
      this.starts[cells[i] + 1]++;
    }
    for (let cell = 0; cell < this.size ** 2; cell++) this.starts[cell + 1] += this.starts[cell];
    this.items = new Uint32Array(count);
    const next = this.starts.slice();
    for (let i = 0; i < count; i++) this.items[next[cells[i]]++] = i;
  }

  /** @param {number} share from 0 to 1 */
  #cell(share) {
    return Math.min(this.size - 1, Math.max(0, Math.floor(share * this.size)));
  }

  /**
   * Return the place of an item on the map, which is 1 wide.
   * @param {number} index
   * @returns {Point}
   */
  place(index) {
    return { x: this.points[2 * index] / EXTENT, y: this.points[2 * index + 1] / EXTENT };
  }

  /**
   * Return the items in a box of the map.
   * @param {Box} box
   * @returns {number[]}
   */
  inBox({ left, top, right, bottom }) {
    const found = [];
    const [firstColumn, lastColumn] = [this.#cell(left), this.#cell(right)];
    for (let row = this.#cell(top); row <= this.#cell(bottom); row++) {
      const end = this.starts[row * this.size + lastColumn + 1];
      for (let at = this.starts[row * this.size + firstColumn]; at < end; at++) {
        const item = this.items[at];
        const x = this.points[2 * item] / EXTENT;
        const y = this.points[2 * item + 1] / EXTENT;
        if (x >= left && x <= right && y >= top && y <= bottom) found.push(item);
      }
    }
    return found;
  }

  /**
   * Return the items inside a polygon of the map.
   * @param {Point[]} corners
   */
  inPolygon(corners) {
    const xs = corners.map(({ x }) => x);
    const ys = corners.map(({ y }) => y);
    const box = { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
    return this.inBox(box).filter((item) => isInside(this.place(item), corners));
  }

  /**
   * Return the nearest item within a radius for which `accept` holds, or -1.
   * @param {Point} point
   * @param {number} radius
   * @param {(item: number) => boolean} accept
   */
  nearest({ x, y }, radius, accept) {
    let best = -1;
    let least = radius ** 2;
    for (const item of this.inBox({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius })) {
      const place = this.place(item);
      const distance = (place.x - x) ** 2 + (place.y - y) ** 2;
      if (distance <= least && accept(item)) [best, least] = [item, distance];
    }
    return best;
  }
}

/**
 * Return whether a point is inside a polygon, by the parity of the edges that a ray crosses.
 * @param {Point} point
 * @param {Point[]} corners
 */
export function isInside({ x, y }, corners) {
  let inside = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [a, b] = [corners[i], corners[j]];
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}
