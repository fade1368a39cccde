import assert from "node:assert/strict";
import test from "node:test";

import { forDark, fromOklab, rgbOf, stylesOf, toOklab } from "../../../../search/explorer/page/palette.js";

/** @param {number} count */
function facetOf(count) {
  const names = Array.from({ length: count }, (_, i) => String(i));
  return { field: "label", title: "Label", names, codes: new Uint32Array(0), ordered: false };
}

test("OKLab and sRGB are inverse", () => {
  for (const colour of ["#17a2eb", "#930800", "#ffffff", "#000000"].map(rgbOf)) {
    assert.deepEqual(fromOklab(...toOklab(colour)), colour);
  }
});

test("a hundred and twenty labels differ in colour or shape", () => {
  const palette = Array.from({ length: 20 }, (_, i) => `#${(1000 * i + 77).toString(16).padStart(6, "0")}`);
  const styles = stylesOf(facetOf(120), palette, false);
  assert.equal(new Set(styles.map(({ colour, shape }) => `${colour} ${shape}`)).size, 120);
  assert.deepEqual(stylesOf(facetOf(121), palette, false)[120], { colour: [150, 157, 165], shape: 0 });
});

test("every colour is light enough for a dark background", () => {
  for (const colour of ["#000000", "#661490", "#0b5252", "#2ef077"].map(rgbOf)) {
    assert.ok(toOklab(forDark(colour))[0] > 0.55);
  }
});
