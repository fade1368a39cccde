/** Walk from neighbour to neighbour by the arrow keys. */

/** @import { Point } from "./types.d.ts" */

/** @type {Record<string, Point>} */
export const ARROWS = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/**
 * Return the index of the place that lies best in a direction, or -1 if none lies there at all: by the angle, and of
 * places in nearly the same direction the nearest, which comes first.
 * @param {Point} from
 * @param {(Point | null)[]} places null for one that cannot be walked to
 * @param {Point} direction of length 1
 */
export function stepTo(from, places, direction) {
  let best = -1;
  let most = 0.05;
  places.forEach((place, index) => {
    if (!place) return;
    const [dx, dy] = [place.x - from.x, place.y - from.y];
    const length = Math.hypot(dx, dy);
    const cosine = length ? (dx * direction.x + dy * direction.y) / length : 0;
    if (cosine > most + 0.1) [best, most] = [index, cosine];
  });
  return best;
}
