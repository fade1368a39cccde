/** The lists of items: all that are shown, and the ready-made selections. */

import { neighboursOf } from "./collection.js";
import { nearDuplicates } from "./duplicates.js";
import { indicesOf } from "./state.js";
import { distanceText, printable, thousands } from "./text.js";

/** @import { Collection, Listing } from "./types.d.ts" */

/** @type {Pick<Listing, "hint" | "note" | "starts">} */
const PLAIN = { hint: () => "", note: () => "", starts: () => false };

/**
 * @param {Uint8Array} shown
 * @returns {Listing}
 */
export function shownListing(shown) {
  return { ...PLAIN, items: indicesOf(shown), about: "" };
}

/**
 * Return the suspects, the clearest first.
 * @param {Collection} collection
 * @returns {Listing}
 */
export function suspectListing({ suspects, facts }) {
  const suspectOf = new Map(suspects.map((suspect) => [suspect.index, suspect]));
  const tried = suspects.some(({ confidence }) => confidence !== null);
  return {
    ...PLAIN,
    items: [...suspectOf.keys()],
    hint: (item) => `rather ${printable(suspectOf.get(item)?.said ?? "")}`,
    note: (item) => {
      const confidence = suspectOf.get(item)?.confidence ?? null;
      if (confidence === null) return "";
      return confidence < 0.005 ? "< 1 %" : `${Math.round(100 * confidence)} %`;
    },
    about: facts.suspectsNote + (tried ? "; at the right, how likely their label is wrong" : ""),
  };
}

/**
 * Return near-duplicates group by group, with their distances from the first of their group.
 * @param {Collection} collection
 * @param {number} radius
 * @returns {Listing}
 */
export function duplicateListing(collection, radius) {
  const given = collection.groups.length > 0 && radius === collection.facts.radius;
  const groups = given ? collection.groups : nearDuplicates(collection, radius);
  /** @type {Map<number, string>} */
  const notes = new Map();
  groups.forEach(([first, ...others], number) => {
    const near = new Map(neighboursOf(collection, first).map(({ index, distance }) => [index, distance]));
    notes.set(first, `group ${thousands(number + 1)}`);
    for (const item of others) {
      const distance = near.get(item);
      notes.set(item, distance === undefined ? "" : distanceText(distance));
    }
  });
  const starts = new Set(groups.map(([first]) => first));
  const others = groups.reduce((sum, group) => sum + group.length - 1, 0);
  return {
    items: groups.flat(),
    hint: () => "",
    note: (item) => notes.get(item) ?? "",
    starts: (item) => starts.has(item),
    about: `${thousands(groups.length)} ${groups.length === 1 ? "group" : "groups"} within ${distanceText(radius)}, ${thousands(others)} items more than one of each. Look before you delete.`,
  };
}

/**
 * Return the hits of the query that the page was opened on, nearest first.
 * @param {Collection} collection
 * @returns {Listing}
 */
export function hitListing({ query }) {
  const { name, hits, distances, total } = query ?? { name: "", hits: [], distances: [], total: 0 };
  const distanceOf = new Map(hits.map((item, rank) => [item, distances[rank]]));
  const missing = total - hits.length;
  return {
    ...PLAIN,
    items: hits,
    note: (item) => distanceText(distanceOf.get(item) ?? 0),
    about: `Nearest to ${printable(name)}${missing ? `; ${thousands(missing)} more are not on this page` : ""}.`,
  };
}
