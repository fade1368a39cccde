/** What the items are coloured and filtered by: a select, and a list of values with counts for each facet. */

import { byId, make, makeButton } from "./dom.js";
import { cssOf, SHAPES } from "./palette.js";
import { printable, thousands } from "./text.js";

/** @import { Facet, Style } from "./types.d.ts" */
/** @import { MapView } from "./map.js" */

/** Values of a facet that are listed at first. */
const FIRST = 24;

/** @type {Record<string, string>} */
const OUTLINES = {
  circle: "M8 2a6 6 0 1 0 .01 0z",
  square: "M3 3h10v10H3z",
  diamond: "M8 1l7 7-7 7-7-7z",
  triangle: "M8 2l7 12H1z",
  ring: "M8 1.5a6.5 6.5 0 1 0 .01 0zM8 5a3 3 0 1 1-.01 0z",
  cross: "M6 1h4v5h5v4h-5v5H6v-5H1V6h5z",
};

/** @param {MapView} map */
export function showFilterPanel(map) {
  const { state } = map;
  const box = byId("facets", HTMLElement);
  const choice = byId("colour", HTMLSelectElement);
  const search = byId("search", HTMLInputElement);
  /** Facets of which all values are listed. @type {Set<string>} */
  const opened = new Set();
  choice.append(
    ...state.facets.map(({ field, title }) => make("option", { text: printable(title), attributes: { value: field } })),
  );
  choice.append(make("option", { text: "nothing", attributes: { value: "" } }));
  choice.addEventListener("change", () => {
    state.colourBy(state.facets[choice.selectedIndex] ?? null);
  });
  search.addEventListener("input", () => state.search(search.value));
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") search.blur();
    if (event.key !== "Enter") return;
    const found = state.shown.indexOf(1);
    if (found >= 0) {
      state.pin(found);
      map.reveal(found);
      map.overlay.focus();
    }
  });
  byId("clear", HTMLButtonElement).addEventListener("click", () => state.clearFilter());
  const show = () => {
    const focused = document.activeElement?.id ?? "";
    const scrolled = box.scrollTop;
    choice.selectedIndex = state.colour ? state.facets.indexOf(state.colour) : state.facets.length;
    if (search.value !== state.query) search.value = state.query;
    byId("clear", HTMLButtonElement).hidden = !state.isFiltered;
    const shown = state.shown.reduce((sum, one) => sum + one, 0);
    byId("count", HTMLElement).textContent = state.isFiltered
      ? `${thousands(shown)} of ${thousands(state.collection.count)} items`
      : `${thousands(shown)} items`;
    box.replaceChildren(...state.facets.map((facet, number) => facetBox(map, facet, number, opened, show)));
    box.scrollTop = scrolled;
    if (focused) document.getElementById(focused)?.focus();
  };
  state.onChange((change) => {
    if (change === "shown" || (change === "colour" && state.highlighted < 0)) show();
  });
  show();
}

/**
 * @param {MapView} map
 * @param {Facet} facet
 * @param {number} number
 * @param {Set<string>} opened
 * @param {() => void} show
 */
function facetBox(map, facet, number, opened, show) {
  const { state } = map;
  const counts = state.counts[number];
  const coloured = state.colour === facet;
  const chosen = state.filter.get(facet.field);
  const order = facet.names.map((_, code) => code);
  const listed = opened.has(facet.field) ? order : order.filter((code, at) => at < FIRST || chosen?.has(code));
  const rows = listed.map((code) => valueRow(map, facet, number, code, counts[code], coloured));
  const more = order.length - listed.length;
  const button = makeButton(`${thousands(more)} more`, () => {
    opened.add(facet.field);
    show();
  });
  return make(
    "fieldset",
    {},
    make("legend", {}, make("bdi", { text: printable(facet.title) })),
    ...rows,
    ...(more > 0 ? [button] : []),
  );
}

/**
 * @param {MapView} map
 * @param {Facet} facet
 * @param {number} number
 * @param {number} code
 * @param {number} count
 * @param {boolean} coloured
 */
function valueRow(map, facet, number, code, count, coloured) {
  const { state } = map;
  const box = make("input", { attributes: { type: "checkbox", id: `facet-${number}-${code}` } });
  box.checked = state.filter.get(facet.field)?.has(code) ?? false;
  box.addEventListener("change", () => state.setFilter(facet.field, code, box.checked));
  const swatches = coloured && map.codeStyles[code] ? [swatch(map.codeStyles[code])] : [];
  const row = make(
    "label",
    { class: `value${count ? "" : " empty"}` },
    box,
    ...swatches,
    make("bdi", { text: printable(facet.names[code]), title: printable(facet.names[code]) }),
    make("span", { class: "note", text: thousands(count) }),
  );
  if (coloured) {
    row.addEventListener("pointerenter", () => state.highlight(code));
    row.addEventListener("pointerleave", () => state.highlight(-1));
  }
  return row;
}

/** @param {Style} style */
function swatch({ colour, shape }) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", OUTLINES[SHAPES[shape]]);
  path.setAttribute("fill", cssOf(colour));
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}
