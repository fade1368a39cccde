/** The items as a list: those shown on the map, or one of the ready-made selections. */

import { byId, make, makeButton } from "./dom.js";
import { nearDuplicates } from "./duplicates.js";
import { ItemList } from "./item_list.js";
import { indicesOf } from "./state.js";
import { distanceText, printable, thousands } from "./text.js";

/** @import { MapView } from "./map.js" */

/** @typedef {{ items: number[], note: (item: number) => string, about: string }} Listing */

const NO_QUERY = { name: "", item: -1, hits: [], distances: [], total: 0 };

/** @param {MapView} map */
export function showListPanel(map) {
  const { state } = map;
  const { collection } = state;
  const list = new ItemList(byId("list", HTMLElement), state, map.pictures);
  const choice = byId("listing", HTMLSelectElement);
  const about = byId("listing-about", HTMLElement);
  const range = byId("radius", HTMLInputElement);
  const marks = new Float32Array(collection.count);

  /** Suspects, the clearest first. @returns {Listing} */
  const suspects = () => {
    const said = new Map(collection.suspects.map((suspect) => [suspect.index, suspect]));
    return {
      items: [...said.keys()],
      note: (item) => `rather ${printable(said.get(item)?.said ?? "").slice(0, 24)}`,
      about: collection.facts.suspectsNote,
    };
  };

  /** Near-duplicates within the distance of the slider, group by group. @returns {Listing} */
  const duplicates = () => {
    const radius = radiusOf(range);
    const groups =
      collection.groups.length && radius === collection.facts.radius
        ? collection.groups
        : nearDuplicates(collection, radius);
    groups.forEach((group, number) => group.forEach((item) => (marks[item] = number + 1)));
    const others = groups.reduce((sum, group) => sum + group.length - 1, 0);
    return {
      items: groups.flat(),
      note: (item) => `group ${thousands(marks[item])}`,
      about: `${thousands(groups.length)} groups within ${distanceText(radius)}, ${thousands(others)} items more than one of each. Look before you delete.`,
    };
  };

  /** The hits of the query that the page was opened on, nearest first. @returns {Listing} */
  const hits = () => {
    const { name, hits: items, distances: far, total } = collection.query ?? NO_QUERY;
    const distanceOf = new Map(items.map((item, rank) => [item, far[rank]]));
    const missing = total - items.length;
    return {
      items,
      note: (item) => distanceText(distanceOf.get(item) ?? 0),
      about: `Nearest to ${printable(name)}${missing ? `; ${thousands(missing)} more are not on this page` : ""}.`,
    };
  };

  /** @returns {Listing} */
  const shown = () => ({ items: indicesOf(state.shown), note: () => "", about: "" });

  /** @type {Listing} */
  let listing = shown();
  /** @type {Record<string, () => Listing>} */
  const listings = { suspects, duplicates, hits };
  const show = () => {
    const kind = choice.value;
    listing = (listings[kind] ?? shown)();
    const items = kind === "shown" ? listing.items : listing.items.filter((item) => state.shown[item]);
    byId("radius-row", HTMLElement).hidden = kind !== "duplicates";
    byId("rejects", HTMLElement).hidden = kind !== "rejects";
    byId("list", HTMLElement).hidden = kind === "rejects";
    byId("listing-buttons", HTMLElement).hidden = kind === "rejects";
    about.textContent = kind === "rejects" ? "" : listing.about;
    listing = { ...listing, items };
    list.show(items, listing.note);
  };
  setUpRange(map, range, show);
  if (collection.query) choice.append(make("option", { text: "hits of a query", attributes: { value: "hits" } }));
  if (collection.facts.listing) choice.value = collection.facts.listing;
  choice.addEventListener("change", () => {
    byId("list", HTMLElement).scrollTop = 0;
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
