/** What is pinned, pointed at, selected, filtered and coloured, and who is told when it changes. */

import { applyFilter, searchMatches } from "./facets.js";

/** @import { Collection, Facet, Filter } from "./types.d.ts" */
/** @typedef {"hover" | "pin" | "selection" | "shown" | "colour" | "view"} Change */

export class State {
  /**
   * @param {Collection} collection
   * @param {Facet[]} facets
   */
  constructor(collection, facets) {
    this.collection = collection;
    this.facets = facets;
    this.hovered = -1;
    this.pinned = collection.query?.item ?? -1;
    /** Pinned before, the last one last. @type {number[]} */
    this.trail = [];
    this.selected = new Uint8Array(collection.count);
    this.query = "";
    /** @type {Filter} */
    this.filter = new Map();
    /** The facet by which items are coloured, null for none. @type {Facet | null} */
    this.colour = facets[0] ?? null;
    /** The code whose items alone are in colour, -1 for all. */
    this.highlighted = -1;
    /** @type {Uint8Array} */
    this.shown = new Uint8Array(collection.count).fill(1);
    /** @type {Uint32Array[]} */
    this.counts = [];
    /** @type {((change: Change) => void)[]} */
    this.listeners = [];
    this.refilter();
  }

  /** @param {(change: Change) => void} listener */
  onChange(listener) {
    this.listeners.push(listener);
  }

  /** @param {Change} change */
  emit(change) {
    for (const listener of this.listeners) listener(change);
  }

  refilter() {
    const matches = searchMatches(this.collection, this.query);
    const { shown, counts } = applyFilter(this.facets, this.filter, matches);
    this.shown = shown;
    this.counts = counts;
    this.emit("shown");
  }

  /** @param {string} text */
  search(text) {
    this.query = text;
    this.refilter();
  }

  /**
   * @param {string} field
   * @param {number} code
   * @param {boolean} wanted
   */
  setFilter(field, code, wanted) {
    const codes = this.filter.get(field) ?? new Set();
    if (wanted) codes.add(code);
    else codes.delete(code);
    this.filter.set(field, codes);
    this.refilter();
  }

  clearFilter() {
    this.filter.clear();
    this.query = "";
    this.refilter();
  }

  get isFiltered() {
    return this.query.trim() !== "" || [...this.filter.values()].some((codes) => codes.size > 0);
  }

  /** @param {number} item */
  hover(item) {
    if (item === this.hovered) return;
    this.hovered = item;
    this.emit("hover");
  }

  /** @param {number} item */
  pin(item) {
    if (item === this.pinned) return;
    if (this.pinned >= 0 && item >= 0) this.trail.push(this.pinned);
    this.pinned = item;
    this.emit("pin");
  }

  /** Pin what was pinned before. */
  back() {
    const item = this.trail.pop();
    if (item === undefined) return;
    this.pinned = item;
    this.emit("pin");
  }

  /**
   * Add items to the selection, or take them out of it.
   * @param {Iterable<number>} items
   * @param {boolean} add
   */
  select(items, add = true) {
    for (const item of items) this.selected[item] = add ? 1 : 0;
    this.emit("selection");
  }

  clearSelection() {
    this.selected.fill(0);
    this.emit("selection");
  }

  /** @returns {number[]} */
  get selection() {
    return indicesOf(this.selected);
  }

  /** @param {Facet | null} facet */
  colourBy(facet) {
    this.colour = facet;
    this.highlighted = -1;
    this.emit("colour");
  }

  /** @param {number} code */
  highlight(code) {
    if (code === this.highlighted) return;
    this.highlighted = code;
    this.emit("colour");
  }
}

/**
 * Return where a mask is not 0.
 * @param {Uint8Array} mask
 */
export function indicesOf(mask) {
  const indices = [];
  for (let i = 0; i < mask.length; i++) if (mask[i]) indices.push(i);
  return indices;
}
