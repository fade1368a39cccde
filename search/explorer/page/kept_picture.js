/**
 * While the map moves on a slow machine, its last whole picture is moved and scaled instead of drawing all items again.
 * What comes into the window beside it is drawn as a few dots, and all once the map is still.
 */

/** @import { Box, Point, View } from "./types.d.ts" */

/** A picture is not enlarged or reduced by more than this. */
const MAX_SCALE = 2.2;

/** The picture must have at least this share of what of the map is in the window. */
const MIN_SHARE = 0.4;

/**
 * Return where a picture of an earlier view is in the window now, and by what it is scaled; in whole pixels of the
 * screen unless it is scaled, so that it stays as sharp as it was.
 * @param {View} kept
 * @param {View} now
 * @param {number} ratio pixels of the screen per CSS pixel
 */
export function moved(kept, now, ratio) {
  const factor = now.scale / kept.scale;
  const whole = (/** @type {number} */ at) => (factor === 1 ? Math.round(at * ratio) / ratio : at);
  return {
    left: whole((kept.centre.x - now.centre.x) * now.scale + (now.width - kept.width * factor) / 2),
    top: whole((kept.centre.y - now.centre.y) * now.scale + (now.height - kept.height * factor) / 2),
    factor,
  };
}

/**
 * Return whether a picture of an earlier view may stand for this one.
 * @param {View} kept
 * @param {View} now
 */
export function isUsable(kept, now) {
  const factor = now.scale / kept.scale;
  if (factor > MAX_SCALE || factor < 1 / MAX_SCALE || kept.width !== now.width || kept.height !== now.height) {
    return false;
  }
  const wanted = intersection(boxOf(now), { left: 0, top: 0, right: 1, bottom: 1 });
  const common = intersection(wanted, boxOf(kept));
  return area(common) >= MIN_SHARE * area(wanted);
}

/**
 * Return whether a point of the map is in a view.
 * @param {View} view
 * @param {Point} point
 */
export function isInView({ centre, scale, width, height }, { x, y }) {
  return 2 * Math.abs(x - centre.x) * scale <= width && 2 * Math.abs(y - centre.y) * scale <= height;
}

/**
 * @param {View} view
 * @returns {Box} of the map
 */
function boxOf({ centre, scale, width, height }) {
  const [across, down] = [width / scale / 2, height / scale / 2];
  return { left: centre.x - across, top: centre.y - down, right: centre.x + across, bottom: centre.y + down };
}

/**
 * @param {Box} a
 * @param {Box} b
 * @returns {Box}
 */
function intersection(a, b) {
  return {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  };
}

/** @param {Box} box */
function area({ left, top, right, bottom }) {
  return Math.max(0, right - left) * Math.max(0, bottom - top);
}
