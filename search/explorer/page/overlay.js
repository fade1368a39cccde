/** What is drawn over the map: labels' names, lines to neighbours with distances, rings, the lasso. */

import { neighboursOf } from "./collection.js";
import { NONE } from "./bytes.js";
import { cssOf } from "./palette.js";
import { distanceText, printable } from "./text.js";

/** @import { Point } from "./types.d.ts" */
/** @import { MapView } from "./map.js" */

const FONT = '12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif';
const NAME_FONT = '600 15px system-ui, "Segoe UI", "DejaVu Sans", sans-serif';

/** Names are written while there are at most so many labels and so little zoom. */
const MAX_NAMES = 40;
const MAX_ZOOM = 3;

/** @param {MapView} map */
export function drawOverlay(map) {
  const context = map.overlay.getContext("2d");
  if (!context) return;
  const { state, ratio = 1, camera } = map;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, camera.width, camera.height);
  context.textBaseline = "middle";
  if (map.beside.length) drawBeside(map, context);
  if (camera.zoom < MAX_ZOOM && state.hovered < 0 && state.pinned < 0) drawNames(map, context);
  if (state.pinned >= 0) {
    drawNeighbours(map, context, state.pinned, state.hovered < 0 || state.hovered === state.pinned);
  }
  if (state.hovered >= 0 && state.hovered !== state.pinned) drawNeighbours(map, context, state.hovered, true);
  if (map.outline.length > 1) drawOutline(map, context);
}

/**
 * Draw dots beside the map's last whole picture while that is moved.
 * @param {MapView} map
 * @param {CanvasRenderingContext2D} context
 */
function drawBeside({ beside, styles, grid, camera, dotSize }, context) {
  const side = dotSize + 1;
  for (const item of beside) {
    const { x, y } = camera.toWindow(grid.place(item));
    const [red, green, blue, alpha] = styles.subarray(8 * item, 8 * item + 4);
    context.fillStyle = `rgb(${red} ${green} ${blue} / ${alpha > 127 ? 0.88 : 0.3})`;
    context.fillRect(x - side / 2, y - side / 2, side, side);
  }
}

/**
 * @param {MapView} map
 * @param {CanvasRenderingContext2D} context
 * @param {number} item
 * @param {boolean} withDistances
 */
function drawNeighbours(map, context, item, withDistances) {
  const { grid, camera, state } = map;
  const from = camera.toWindow(grid.place(item));
  const ink = cssOf(map.ink ?? [0, 0, 0]);
  const accent = cssOf(map.accent ?? [0, 0, 0]);
  const size = Math.max(24, map.pictureSize);
  const neighbours = neighboursOf(state.collection, item).filter(({ index }) => index >= 0);
  context.lineWidth = 1.25;
  context.strokeStyle = ink;
  context.globalAlpha = 0.65;
  const ends = neighbours.map(({ index }) => camera.toWindow(grid.place(index)));
  for (const end of ends) line(context, from, end);
  context.globalAlpha = 1;
  ends.forEach((end, rank) => {
    const { index } = neighbours[rank];
    map.pictures.draw(context, index, end.x - size / 2, end.y - size / 2, size);
    ring(context, end, map.pictures.shape(index, size), ink, 1.25);
  });
  map.pictures.draw(context, item, from.x - size / 2, from.y - size / 2, size);
  ring(context, from, map.pictures.shape(item, size, 2), accent, 3);
  if (!withDistances) return;
  context.font = FONT;
  context.textAlign = "center";
  /** @type {Point[]} */
  const written = [];
  ends.forEach((end, rank) => {
    const at = { x: from.x + 0.6 * (end.x - from.x), y: from.y + 0.6 * (end.y - from.y) };
    const crowded = written.some(({ x, y }) => Math.abs(x - at.x) < 48 && Math.abs(y - at.y) < 14);
    if (crowded || Math.hypot(end.x - from.x, end.y - from.y) < 60) return;
    written.push(at);
    haloed(map, context, distanceText(neighbours[rank].distance), at);
  });
}

/**
 * Write the name of each label whose items lie close together where most of them are, the largest first.
 * @param {MapView} map
 * @param {CanvasRenderingContext2D} context
 */
function drawNames(map, context) {
  context.font = NAME_FONT;
  context.textAlign = "center";
  /** @type {{ x: number, y: number, half: number }[]} */
  const written = [];
  for (const { name, place } of labelPlaces(map)) {
    const at = map.camera.toWindow(place);
    const text = printable(name).slice(0, 28);
    const half = context.measureText(text).width / 2 + 4;
    const free = written.every(({ x, y, half: other }) => Math.abs(x - at.x) > half + other || Math.abs(y - at.y) > 20);
    if (!free) continue;
    written.push({ ...at, half });
    haloed(map, context, text, at);
  }
}

/** @type {WeakMap<MapView, { name: string, place: Point }[]>} */
const places = new WeakMap();

/**
 * Return the names of labels and the medians of their items' places, of labels with most items near to it.
 * @param {MapView} map
 */
function labelPlaces(map) {
  const known = places.get(map);
  if (known) return known;
  const { collection } = map.state;
  const { labelNames, labels, count } = collection;
  /** @type {number[][]} */
  const members = labelNames.map(() => []);
  if (labelNames.length <= MAX_NAMES) {
    for (let item = 0; item < count; item++) if (labels[item] !== NONE) members[labels[item]].push(item);
  }
  const found = labelNames
    .map((name, label) => ({ name, label, items: members[label] }))
    .filter(({ items }) => items.length > count / 60)
    .sort((a, b) => b.items.length - a.items.length)
    .flatMap(({ name, label, items }) => {
      const middle = (/** @type {"x" | "y"} */ axis) =>
        items.map((item) => map.grid.place(item)[axis]).sort((a, b) => a - b)[items.length >> 1];
      const place = { x: middle("x"), y: middle("y") };
      const reach = 0.06;
      const near = map.grid.inBox({
        left: place.x - reach,
        right: place.x + reach,
        top: place.y - reach,
        bottom: place.y + reach,
      });
      const own = near.filter((item) => labels[item] === label).length;
      return own > 0.6 * near.length && own > 0.08 * items.length ? [{ name, place }] : [];
    });
  places.set(map, found);
  return found;
}

/**
 * @param {MapView} map
 * @param {CanvasRenderingContext2D} context
 */
function drawOutline(map, context) {
  context.beginPath();
  for (const { x, y } of map.outline) context.lineTo(x, y);
  context.closePath();
  context.strokeStyle = context.fillStyle = cssOf(map.accent ?? [0, 0, 0]);
  context.globalAlpha = 0.12;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.setLineDash([5, 4]);
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {MapView} map
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {Point} at
 */
function haloed(map, context, text, at) {
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = cssOf(map.background ?? [255, 255, 255]);
  context.fillStyle = cssOf(map.ink ?? [0, 0, 0]);
  context.strokeText(text, at.x, at.y);
  context.fillText(text, at.x, at.y);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point} from
 * @param {Point} to
 */
function line(context, from, to) {
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point} centre
 * @param {{ width: number, height: number }} size
 * @param {string} colour
 * @param {number} line
 */
function ring(context, { x, y }, { width, height }, colour, line) {
  context.beginPath();
  context.roundRect(x - width / 2, y - height / 2, width, height, Math.min(width / 2, height / 2, 5));
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.stroke();
}
