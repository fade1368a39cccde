/** The selection as keys, CSV (RFC 4180) and JSON. */

import { labelOf } from "./collection.js";

/** @import { Collection } from "./types.d.ts" */

/** @param {unknown} value */
function csvCell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Return items as CSV: id, key, label, and each metadata field, named as in `manifest:FILE`.
 * @param {Collection} collection
 * @param {number[]} items
 */
export function csvOf(collection, items) {
  const fields = Object.keys(collection.metadata);
  const rows = items.map((item) => [
    collection.ids[item],
    collection.keys[item],
    labelOf(collection, item),
    ...fields.map((field) => collection.metadata[field][item]),
  ]);
  return [["id", "key", "label", ...fields], ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

/**
 * Return items as JSON, with the keys of `lookalike query --json`.
 * @param {Collection} collection
 * @param {number[]} items
 */
export function jsonOf(collection, items) {
  const document = items.map((item) => ({
    id: collection.ids[item],
    key: collection.keys[item],
    label: labelOf(collection, item),
    metadata: Object.fromEntries(
      Object.entries(collection.metadata)
        .map(([field, values]) => [field, values[item]])
        .filter(([, value]) => value !== null),
    ),
  }));
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * Return the keys of items, a line each.
 * @param {Collection} collection
 * @param {number[]} items
 */
export function keysOf(collection, items) {
  return items.map((item) => `${collection.keys[item]}\n`).join("");
}
