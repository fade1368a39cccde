/** Labels and metadata as facets: values with counts, by which items are filtered. */

import { agreement } from "./collection.js";
import { NONE } from "./bytes.js";

/** @import { Collection, Facet, Filter } from "./types.d.ts" */

/** Numbers with more values than this are put into ranges. */
const MAX_NUMBERS = 12;
const RANGES = 6;

/** A field of texts with more values than this, or of which most are of one item only, is no facet. */
const MAX_TEXTS = 500;
const MAX_SHARE = 0.5;

export const MISSING = "(none)";
export const LABEL = "label";
export const AGREE = "neighbours agree";

/**
 * Return the facets of a collection: the label, each metadata field, and how many neighbours have the same label.
 * @param {Collection} collection
 * @returns {Facet[]}
 */
export function facetsOf(collection) {
  const facets = [];
  if (collection.labelNames.length) {
    const names = [...collection.labelNames, MISSING];
    const codes = collection.labels.map((label) => (label === NONE ? names.length - 1 : label));
    facets.push(trimmed({ field: LABEL, title: "Label", names, codes, ordered: false }));
  }
  for (const [name, values] of Object.entries(collection.metadata)) {
    const facet = facetOf(name, values);
    if (facet) facets.push(facet);
  }
  if (collection.labelNames.length > 1) facets.push(agreementFacet(collection));
  // A value that all have tells nothing.
  return facets.filter(({ field, names }) => field === LABEL || names.length > 1);
}

/**
 * @param {Collection} collection
 * @returns {Facet}
 */
function agreementFacet(collection) {
  const names = ["none", "some", "half or more", "all", "cannot be told"];
  const codes = Uint32Array.from(agreement(collection), (share) => {
    if (share < 0) return 4;
    if (share === 0) return 0;
    return share === 1 ? 3 : share < 0.5 ? 1 : 2;
  });
  return trimmed({ field: AGREE, title: "Neighbours with the same label", names, codes, ordered: true });
}

/**
 * Return the facet of a metadata field, null for one that is different for nearly every item.
 * @param {string} field
 * @param {(string | number | boolean | null)[]} values
 * @returns {Facet | null}
 */
export function facetOf(field, values) {
  const present = values.filter((value) => value !== null);
  const distinct = new Set(present);
  const numbers = present.every((value) => typeof value === "number");
  if (numbers && distinct.size > MAX_NUMBERS) return rangesOf(field, /** @type {(number | null)[]} */ (values));
  if (distinct.size > MAX_TEXTS || (distinct.size > MAX_NUMBERS && distinct.size > MAX_SHARE * present.length)) {
    return null;
  }
  const sorted = numbers
    ? [.../** @type {Set<number>} */ (distinct)].sort((a, b) => a - b)
    : [...distinct].sort((a, b) => (String(a) < String(b) ? -1 : 1));
  const codeOf = new Map(sorted.map((value, code) => [/** @type {unknown} */ (value), code]));
  const codes = Uint32Array.from(values, (value) => (value === null ? sorted.length : (codeOf.get(value) ?? 0)));
  return trimmed({ field, title: field, names: [...sorted.map(String), MISSING], codes, ordered: numbers });
}

/**
 * Put numbers into ranges of about as many items each, with limits of two digits.
 * @param {string} field
 * @param {(number | null)[]} values
 * @returns {Facet}
 */
function rangesOf(field, values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const quantile = (/** @type {number} */ share) => sorted[Math.floor(share * (sorted.length - 1))];
  const limits = Array.from({ length: RANGES - 1 }, (_, i) => Number(quantile((i + 1) / RANGES).toPrecision(2)));
  const inner = [...new Set(limits)].filter((limit) => limit > sorted[0] && limit <= sorted[sorted.length - 1]);
  const names = [...inner, null].map((limit, i) => {
    if (limit === null) return inner.length ? `${inner[i - 1]} or more` : "all";
    return i ? `${inner[i - 1]} to below ${limit}` : `below ${limit}`;
  });
  const codes = Uint32Array.from(values, (value) =>
    value === null ? names.length : inner.filter((limit) => value >= limit).length,
  );
  return trimmed({ field, title: field, names: [...names, MISSING], codes, ordered: true });
}

/**
 * Drop the last value if no item has it.
 * @param {Facet} facet
 * @returns {Facet}
 */
function trimmed(facet) {
  const last = facet.names.length - 1;
  return facet.codes.includes(last) ? facet : { ...facet, names: facet.names.slice(0, last) };
}

/**
 * Return which items fulfil a filter, 1 or 0 each, and how many of each facet's values there would be to choose from:
 * those that fulfil all of the filter but what it says of that facet.
 * @param {Facet[]} facets
 * @param {Filter} filter
 * @param {Uint8Array} matches which items the search finds
 * @returns {{ shown: Uint8Array, counts: Uint32Array[] }}
 */
export function applyFilter(facets, filter, matches) {
  const shown = new Uint8Array(matches.length);
  const counts = facets.map((facet) => new Uint32Array(facet.names.length));
  const wanted = facets.map(({ field }) => filter.get(field));
  for (let i = 0; i < matches.length; i++) {
    if (!matches[i]) continue;
    let failed = -1;
    let failures = 0;
    for (let f = 0; f < facets.length && failures < 2; f++) {
      if (wanted[f]?.size && !wanted[f]?.has(facets[f].codes[i])) [failed, failures] = [f, failures + 1];
    }
    if (failures > 1) continue;
    if (failures) {
      counts[failed][facets[failed].codes[i]]++;
      continue;
    }
    shown[i] = 1;
    for (let f = 0; f < facets.length; f++) counts[f][facets[f].codes[i]]++;
  }
  return { shown, counts };
}

/**
 * Return which items have a text in their key or label, 1 or 0 each; in any case of letters.
 * @param {Collection} collection
 * @param {string} text
 */
export function searchMatches(collection, text) {
  const wanted = text.trim().toLowerCase();
  const matches = new Uint8Array(collection.count).fill(1);
  if (!wanted) return matches;
  const labels = collection.labelNames.map((name) => name.toLowerCase().includes(wanted));
  for (let i = 0; i < matches.length; i++) {
    const label = collection.labels[i];
    const found = (label !== NONE && labels[label]) || collection.keys[i].toLowerCase().includes(wanted);
    matches[i] = found ? 1 : 0;
  }
  return matches;
}
