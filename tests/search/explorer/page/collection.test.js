import assert from "node:assert/strict";
import test from "node:test";

import { agreement, neighboursOf } from "../../../../search/explorer/page/collection.js";
import { nearDuplicates } from "../../../../search/explorer/page/duplicates.js";
import { csvOf, jsonOf, keysOf } from "../../../../search/explorer/page/export.js";
import { fiveItems } from "./collection.js";

test("a neighbour that is not on the page has a key and a distance", () => {
  assert.deepEqual(neighboursOf(fiveItems(), 0), [
    { index: 1, id: 11, key: 'b "two"', label: "cat", distance: 0.25 },
    { index: -1, id: 99, key: "far", label: "cat", distance: 2 },
  ]);
});

test("neighbours agree by the share of the labelled ones that have the item's label", () => {
  assert.deepEqual([...agreement(fiveItems())], [1, 0.5, 0.5, 0.5, -1]);
});

test("near-duplicates are within the distance of the first of their group", () => {
  assert.deepEqual(nearDuplicates(fiveItems(), 0.5), [[0, 1]]);
  assert.deepEqual(nearDuplicates(fiveItems(), 1.5), [
    [0, 1],
    [2, 3],
  ]);
  assert.deepEqual(nearDuplicates(fiveItems(), 0.1), []);
});

test("CSV quotes what a comma, a quote or a space at the end would change", () => {
  const lines = ["id,key,label,width,lens", '11,"b ""two""",cat,,x', '12,"c,three",dog,800,', '20," d",dog,640,y', ""];
  assert.equal(csvOf(fiveItems(), [1, 2, 3]), lines.join("\r\n"));
});

test("JSON leaves out what an item does not have", () => {
  assert.deepEqual(JSON.parse(jsonOf(fiveItems(), [2, 4])), [
    { id: 12, key: "c,three", label: "dog", metadata: { width: 800 } },
    { id: 21, key: "e", label: null, metadata: { width: 640, lens: "y" } },
  ]);
});

test("keys are a line each", () => {
  assert.equal(keysOf(fiveItems(), [4, 0]), "e\na/One\n");
});
