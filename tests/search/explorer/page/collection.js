/** A collection of five items that is known by hand. */

import { NONE } from "../../../../search/explorer/page/bytes.js";

/** @import { Collection } from "../../../../search/explorer/page/types.d.ts" */

/** @returns {Collection} */
export function fiveItems() {
  return {
    facts: /** @type {any} */ ({ pageSide: 8, cell: 4, pages: 1, palette: ["#ff0000", "#0000ff"], radius: 0.5 }),
    count: 5,
    k: 2,
    ids: new Float64Array([10, 11, 12, 20, 21]),
    keys: ["a/One", 'b "two"', "c,three", " d", "e"],
    labels: new Uint32Array([0, 0, 1, 1, NONE]),
    labelNames: ["cat", "dog"],
    metadata: { width: [640, null, 800, 640, 640], lens: ["x", "x", null, "y", "y"] },
    points: new Uint16Array([0, 0, 65535, 0, 0, 65535, 65535, 65535, 32768, 32768]),
    neighbours: new Uint32Array([1, 5, 0, 2, 1, 3, 2, 1, 0, 5]),
    distances: new Float32Array([0.25, 2, 0.25, 1, 1, 1.5, 1.5, 3, 4, 5]),
    outside: { ids: [99], keys: ["far"], labels: ["cat"] },
    slots: new Uint32Array([0, 1, 2, 3, NONE]),
    sizes: new Uint8Array(10),
    suspects: [],
    groups: [],
    query: null,
    rejects: [],
  };
}
