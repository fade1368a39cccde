/** The items as a list: those shown on the map, or one of the ready-made selections. */

import { byId, make, makeButton } from "./dom.js";
import { ItemList } from "./item_list.js";
import { duplicateListing, hitListing, shownListing, suspectListing } from "./listings.js";
import { printable, thousands } from "./text.js";

/** @import { Listing } from "./types.d.ts" */
/** @import { MapView } from "./map.js" */

/** @param {MapView} map */
export function showListPanel(map) {
  const { state } = map;
  const { collection } = state;
  const list = new ItemList(byId("list", HTMLElement), state, map.pictures);
  const choice = byId("listing", HTMLSelectElement);
  const about = byId("listing-about", HTMLElement);
  const range = byId("radius", HTMLInputElement);
  /** @type {Listing} */
  let listing = shownListing(state.shown);
  const selectOthers = makeButton("Select all but one each", () =>
    state.select(listing.items.filter((item) => !listing.starts(item))),
  );
  /** @type {Record<string, () => Listing>} */
  const listings = {
    suspects: () => suspectListing(collection),
    duplicates: () => duplicateListing(collection, radiusOf(range)),
    hits: () => hitListing(collection),
  };
  const show = () => {
    const kind = choice.value;
    listing = listings[kind]?.() ?? shownListing(state.shown);
    const items = listing.items.filter((item) => state.shown[item]);
    byId("radius-row", HTMLElement).hidden = kind !== "duplicates";
    byId("rejects", HTMLElement).hidden = kind !== "rejects";
    byId("list", HTMLElement).hidden = kind === "rejects";
    byId("listing-buttons", HTMLElement).hidden = kind === "rejects";
    selectOthers.hidden = kind !== "duplicates";
    about.textContent = kind === "rejects" ? "" : listing.about;
    listing = { ...listing, items };
    list.show(listing);
  };
  setUpRange(map, range, show);
  if (collection.query) choice.append(make("option", { text: "hits of a query", attributes: { value: "hits" } }));
  if (collection.facts.listing) choice.value = collection.facts.listing;
  choice.addEventListener("change", () => {
    list.restart();
    show();
  });
  const names = /** @type {[string, number][]} */ ([
    ["suspects", collection.suspects.length],
    ["rejects", collection.rejects.length],
  ]);
  for (const [name, count] of names) {
    const option = choice.querySelector(`option[value=${name}]`);
    if (option) option.textContent += ` (${thousands(count)})`;
  }
  byId("listing-buttons", HTMLElement).append(
    makeButton("Select these", () => state.select(listing.items)),
    selectOthers,
    makeButton("Show on the map", () => map.frame(listing.items)),
  );
  byId("rejects", HTMLElement).replaceChildren(
    ...collection.rejects.map(({ key, reason }) => {
      const row = document.createElement("li");
      row.textContent = `${printable(key)}: ${printable(reason)}`;
      return row;
    }),
  );
  state.onChange((change) => {
    if (change === "shown") show();
  });
  show();
}

/**
 * The slider runs over the distances to the nearest neighbours, as many items at each step.
 * @param {MapView} map
 * @param {HTMLInputElement} range
 * @param {() => void} show
 */
function setUpRange(map, range, show) {
  const { collection } = map.state;
  const nearest = Float32Array.from(
    { length: collection.count },
    (_, i) => collection.distances[i * collection.k] ?? 0,
  );
  nearest.sort();
  const steps = 200;
  const values = Array.from({ length: steps + 1 }, (_, step) => {
    const share = (step / steps) ** 2;
    return nearest[Math.floor(share * (nearest.length - 1))] ?? 0;
  });
  distances.set(range, (step) => (step < 0 ? collection.facts.radius : values[step]));
  range.max = String(steps);
  const start = values.findIndex((value) => value >= collection.facts.radius);
  range.value = String(start < 0 ? steps : start);
  range.addEventListener("input", () => {
    range.dataset.moved = "yes";
    show();
  });
}

/** The distance of each step of a slider, and the first one for -1. @type {WeakMap<HTMLInputElement, (step: number) => number>} */
const distances = new WeakMap();

/** @param {HTMLInputElement} range */
function radiusOf(range) {
  return distances.get(range)?.(range.dataset.moved ? Number(range.value) : -1) ?? 0;
}
