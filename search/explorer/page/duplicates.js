/** Near-duplicates by the neighbours' lists: items whose nearest neighbour is within a distance. */

/** @import { Collection } from "./types.d.ts" */

/**
 * Return groups of items within a distance of the first of them, which has the lowest id; the nearest first, then the largest.
 * Items are visited in the order of their ids, and one that is in no group yet makes one of its near neighbours. Only
 * the k nearest neighbours of an item are known here: `lookalike duplicates` knows all.
 * @param {Collection} collection
 * @param {number} radius
 * @returns {number[][]}
 */
export function nearDuplicates(collection, radius) {
  const { count, k, neighbours, distances } = collection;
  const grouped = new Uint8Array(count);
  const groups = [];
  for (let i = 0; i < count; i++) {
    if (grouped[i] || !k || distances[i * k] > radius) continue;
    const group = [i];
    for (let j = i * k; j < (i + 1) * k && distances[j] <= radius; j++) {
      const other = neighbours[j];
      if (other < count && !grouped[other] && other !== i) group.push(other);
    }
    if (group.length < 2) continue;
    for (const item of group) grouped[item] = 1;
    groups.push(group);
  }
  const nearest = (/** @type {number[]} */ group) => distances[group[0] * k];
  return groups.sort((a, b) => nearest(a) - nearest(b) || b.length - a.length);
}
