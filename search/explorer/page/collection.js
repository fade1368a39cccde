/** The items of the page, decoded. */

import { blockBuffer, blockJson, NONE } from "./bytes.js";

/** @import { Collection, Neighbour } from "./types.d.ts" */

/**
 * Decode the page's data; pictures are decoded when they come into view.
 * @returns {Promise<Collection>}
 */
export async function readCollection() {
  const [facts, items, findings, ids, labels, points, neighbours, distances, slots, sizes] = await Promise.all([
    blockJson("facts"),
    blockJson("items"),
    blockJson("findings"),
    ...["ids", "labels", "points", "neighbours", "distances", "slots", "sizes"].map(blockBuffer),
  ]);
  return {
    facts,
    ...items,
    ...findings,
    count: items.keys.length,
    k: items.keys.length ? neighbours.byteLength / 4 / items.keys.length : 0,
    ids: new Float64Array(ids),
    labels: new Uint32Array(labels),
    points: new Uint16Array(points),
    neighbours: new Uint32Array(neighbours),
    distances: new Float32Array(distances),
    slots: new Uint32Array(slots),
    sizes: new Uint8Array(sizes),
  };
}

/**
 * @param {Collection} collection
 * @param {number} index
 * @returns {string | null}
 */
export function labelOf(collection, index) {
  const label = collection.labels[index];
  return label === NONE ? null : collection.labelNames[label];
}

/**
 * Return an item's neighbours, nearest first.
 * @param {Collection} collection
 * @param {number} index
 * @returns {Neighbour[]}
 */
export function neighboursOf(collection, index) {
  const { k, count, outside } = collection;
  return Array.from({ length: k }, (_, rank) => {
    const found = collection.neighbours[index * k + rank];
    const distance = collection.distances[index * k + rank];
    if (found < count) {
      const label = labelOf(collection, found);
      return { index: found, id: collection.ids[found], key: collection.keys[found], label, distance };
    }
    const other = found - count;
    return { index: -1, id: outside.ids[other], key: outside.keys[other], label: outside.labels[other], distance };
  });
}

/**
 * Return for each item the share of its labelled neighbours that have its label, -1 where that cannot be told.
 * @param {Collection} collection
 */
export function agreement(collection) {
  const { k, count, labels, labelNames, outside } = collection;
  const outsideLabels = outside.labels.map((label) => (label === null ? NONE : labelNames.indexOf(label)));
  const shares = new Float32Array(count).fill(-1);
  for (let i = 0; i < count; i++) {
    let same = 0;
    let labelled = 0;
    for (let j = i * k; j < (i + 1) * k; j++) {
      const found = collection.neighbours[j];
      const label = found < count ? labels[found] : outsideLabels[found - count];
      if (label === NONE) continue;
      labelled++;
      if (label === labels[i]) same++;
    }
    if (labels[i] !== NONE && labelled) shares[i] = same / labelled;
  }
  return shares;
}
