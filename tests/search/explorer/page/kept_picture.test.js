import assert from "node:assert/strict";
import test from "node:test";

import { isInView, isUsable, moved } from "../../../../search/explorer/page/kept_picture.js";

const size = { width: 800, height: 600 };
const kept = { ...size, centre: { x: 0.5, y: 0.5 }, scale: 1000 };

/**
 * @param {number} x
 * @param {number} y
 * @param {number} scale
 */
const view = (x, y, scale) => ({ ...size, centre: { x, y }, scale });

test("a picture that is moved stays on the pixels of the screen", () => {
  assert.deepEqual(moved(kept, view(0.4502, 0.5199, 1000), 1), { left: 50, top: -20, factor: 1 });
  assert.deepEqual(moved(kept, view(0.45021, 0.5, 1000), 2), { left: 50, top: 0, factor: 1 });
  assert.deepEqual(moved(kept, view(0.45026, 0.5, 1000), 2), { left: 49.5, top: 0, factor: 1 });
});

test("a picture that is scaled has what is in the middle there", () => {
  assert.deepEqual(moved(kept, view(0.5, 0.5, 2000), 1), { left: -400, top: -300, factor: 2 });
  assert.deepEqual(moved(kept, view(0.5, 0.5, 500), 1), { left: 200, top: 150, factor: 0.5 });
});

test("a picture is used while it is not scaled much and most of the window's part of the map is on it", () => {
  assert.ok(isUsable(kept, view(0.5, 0.5, 2000)));
  assert.ok(!isUsable(kept, view(0.5, 0.5, 2500)));
  // All of the map was in the picture but its upper and lower edge, which the window has too: 600 of 1,000.
  assert.ok(isUsable(kept, view(0.5, 0.5, 600)));
  assert.ok(!isUsable(view(0.5, 0.5, 4000), view(0.5, 0.5, 2000)));
  assert.ok(isUsable(view(0.5, 0.5, 4000), view(0.55, 0.5, 4000)));
  assert.ok(!isUsable(view(0.5, 0.5, 4000), view(0.65, 0.5, 4000)));
  assert.ok(!isUsable({ ...kept, width: 801 }, kept));
});

test("a point is in a view or beside it", () => {
  assert.ok(isInView(kept, { x: 0.9, y: 0.2 }));
  assert.ok(!isInView(kept, { x: 0.91, y: 0.5 }));
  assert.ok(!isInView(kept, { x: 0.5, y: 0.19 }));
});
