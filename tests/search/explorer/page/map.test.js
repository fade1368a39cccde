import assert from "node:assert/strict";
import test from "node:test";

import { Camera } from "../../../../search/explorer/page/camera.js";
import { Grid } from "../../../../search/explorer/page/grid.js";
import { ARROWS, stepTo } from "../../../../search/explorer/page/walk.js";

/** @param {number} count */
function scattered(count) {
  let state = 7;
  return Uint16Array.from({ length: 2 * count }, () => (state = (state * 48271) % 2147483647) & 65535);
}

/** @param {number[]} items */
const sorted = (items) => [...items].sort((a, b) => a - b);

test("the grid finds what comparing every item finds", () => {
  const points = scattered(1000);
  const grid = new Grid(points);
  const all = Array.from({ length: 1000 }, (_, item) => item);
  const box = { left: 0.2, top: 0.3, right: 0.55, bottom: 0.8 };
  const inside = all.filter((item) => {
    const { x, y } = grid.place(item);
    return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
  });
  assert.deepEqual(sorted(grid.inBox(box)), inside);
  assert.ok(inside.length > 100);
  for (const at of [
    { x: 0.5, y: 0.5 },
    { x: 0, y: 1 },
  ]) {
    const far = (/** @type {number} */ item) => Math.hypot(grid.place(item).x - at.x, grid.place(item).y - at.y);
    const odd = all.filter((item) => item % 2);
    const nearest = odd.reduce((best, item) => (far(item) < far(best) ? item : best));
    assert.equal(
      grid.nearest(at, 1, (item) => item % 2 === 1),
      nearest,
    );
  }
  assert.equal(
    grid.nearest({ x: 0.5, y: 0.5 }, 1, () => false),
    -1,
  );
});

test("a lasso has what lies inside of its line, also of one that turns inwards", () => {
  const grid = new Grid(new Uint16Array([6553, 6553, 32768, 6553, 58981, 6553, 32768, 58981]));
  const corners = [
    { x: 0, y: 0 },
    { x: 0.4, y: 0 },
    { x: 0.5, y: 0.5 },
    { x: 0.6, y: 0 },
    { x: 1, y: 0 },
    { x: 1, y: 1 },
    { x: 0, y: 1 },
  ];
  assert.deepEqual(sorted(grid.inPolygon(corners)), [0, 2, 3]);
});

test("zooming keeps what is under the pointer there", () => {
  const camera = new Camera(5000);
  [camera.width, camera.height] = [800, 600];
  const at = { x: 500, y: 200 };
  const before = camera.toMap(at);
  camera.zoomBy(3, at);
  const after = camera.toMap(at);
  assert.ok(Math.abs(before.x - after.x) < 1e-9 && Math.abs(before.y - after.y) < 1e-9);
  assert.deepEqual(camera.toWindow(camera.toMap({ x: 17, y: 33 })).x.toFixed(6), "17.000000");
  camera.zoomBy(1e9);
  assert.equal(camera.zoom, camera.maxZoom);
});

test("an arrow walks to the nearest neighbour in its direction, and nowhere if there is none", () => {
  const from = { x: 0.5, y: 0.5 };
  const places = [{ x: 0.6, y: 0.5 }, { x: 0.9, y: 0.51 }, null, { x: 0.5, y: 0.2 }];
  assert.equal(stepTo(from, places, ARROWS.ArrowRight), 0);
  assert.equal(stepTo(from, places, ARROWS.ArrowUp), 3);
  assert.equal(stepTo(from, places, ARROWS.ArrowLeft), -1);
});
