import assert from "node:assert/strict";
import test from "node:test";

import { applyFilter, facetOf, facetsOf, searchMatches } from "../../../../search/explorer/page/facets.js";
import { fiveItems } from "./collection.js";

test("label, metadata and agreement are facets, and what is missing is a value of its own", () => {
  const facets = facetsOf(fiveItems());
  assert.deepEqual(
    facets.map(({ field, names }) => [field, names]),
    [
      ["label", ["cat", "dog", "(none)"]],
      ["width", ["640", "800", "(none)"]],
      ["lens", ["x", "y", "(none)"]],
      ["neighbours agree", ["none", "some", "half or more", "all", "cannot be told"]],
    ],
  );
  assert.deepEqual([...facets[1].codes], [0, 2, 1, 0, 0]);
});

test("many numbers become ranges of about as many items", () => {
  const values = Array.from({ length: 600 }, (_, i) => i);
  const facet = facetOf("n", [...values, null]);
  const limits = ["99", "200", "300", "400", "500"];
  assert.deepEqual(facet?.names, [
    "below 99",
    ...limits.slice(1).map((limit, i) => `${limits[i]} to below ${limit}`),
    "500 or more",
    "(none)",
  ]);
  assert.equal(facet?.codes[98], 0);
  assert.equal(facet?.codes[99], 1);
  assert.equal(facet?.codes[600], 6);
});

test("a text that is another for nearly every item is no facet", () => {
  assert.equal(
    facetOf(
      "path",
      Array.from({ length: 40 }, (_, i) => `picture ${i}`),
    ),
    null,
  );
});

test("a filter shows what has one of the values of every field; counts are of what there is to choose from", () => {
  const facets = facetsOf(fiveItems());
  const filter = new Map([
    ["label", new Set([1])],
    ["lens", new Set([1])],
  ]);
  const { shown, counts } = applyFilter(facets, filter, new Uint8Array(5).fill(1));
  assert.deepEqual([...shown], [0, 0, 0, 1, 0]);
  assert.deepEqual([...counts[0]], [0, 1, 1]);
  assert.deepEqual([...counts[1]], [1, 0, 0]);
  assert.deepEqual([...counts[2]], [0, 1, 1]);
});

test("a search finds keys and labels in any case of letters", () => {
  assert.deepEqual([...searchMatches(fiveItems(), " ONE ")], [1, 0, 0, 0, 0]);
  assert.deepEqual([...searchMatches(fiveItems(), "dog")], [0, 0, 1, 1, 0]);
  assert.deepEqual([...searchMatches(fiveItems(), " ")], [1, 1, 1, 1, 1]);
});
