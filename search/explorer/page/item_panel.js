/** The pinned item, or the one that is pointed at: picture, texts, metadata, and its neighbours. */

import { labelOf, neighboursOf } from "./collection.js";
import { byId, make, makeButton } from "./dom.js";
import { distanceText, printable } from "./text.js";

/** @import { Neighbour } from "./types.d.ts" */
/** @import { Pictures } from "./pictures.js" */
/** @import { State } from "./state.js" */

/** @typedef {((id: number) => void) | null} Ask shows more neighbours of an item, if there is a server to ask */

/**
 * @param {State} state
 * @param {Pictures} pictures
 * @param {Ask} ask
 */
export function showItemPanel(state, pictures, ask = null) {
  const panel = byId("item", HTMLElement);
  let shown = -2;
  const show = () => {
    const item = state.pinned >= 0 ? state.pinned : state.hovered;
    if (item === shown) return;
    shown = item;
    panel.replaceChildren(...(item < 0 ? [hint()] : contents(state, pictures, item, ask)));
  };
  state.onChange((change) => {
    if (change === "selection") shown = -2;
    if (change === "pin" || change === "hover" || change === "selection") show();
  });
  show();
}

function hint() {
  return make("p", {
    class: "hint",
    text: "Point at a picture to see it with its nearest neighbours; click it to keep it here. The arrow keys then walk from neighbour to neighbour.",
  });
}

/**
 * @param {State} state
 * @param {Pictures} pictures
 * @param {number} item
 * @param {Ask} ask
 */
function contents(state, pictures, item, ask) {
  const { collection } = state;
  const label = labelOf(collection, item);
  const pinned = item === state.pinned;
  const chosen = state.selected[item] === 1;
  const buttons = make(
    "div",
    { class: "buttons" },
    makeButton(chosen ? "Deselect" : "Select", () => state.select([item], !chosen)),
    ...(pinned ? [makeButton("Back", () => state.back()), makeButton("Close", () => state.pin(-1))] : []),
  );
  if (pinned) {
    buttons.prepend(makeButton("Select with neighbours", () => selectNeighbours(state, item), { class: "wide" }));
    if (ask) buttons.append(makeButton("More neighbours", () => ask(collection.ids[item])));
  }
  const neighbours = neighboursOf(collection, item);
  return [
    make(
      "div",
      { class: "card" },
      pictures.has(item) ? pictures.canvas(item, 132) : make("span", { class: "none", text: "no picture" }),
      make(
        "div",
        {},
        make("bdi", { class: "label big", text: label === null ? "no label" : printable(label) }),
        make("bdi", { class: "key", text: printable(collection.keys[item]) }),
        make("span", { class: "faint", text: `id ${collection.ids[item]}` }),
      ),
    ),
    buttons,
    metadataTable(state, item),
    make("h2", { text: neighbours.length === 1 ? "Nearest neighbour" : `${neighbours.length} nearest neighbours` }),
    make("ol", { class: "neighbours" }, ...neighbours.map((neighbour) => row(state, pictures, neighbour, label, ask))),
  ];
}

/**
 * @param {State} state
 * @param {number} item
 */
function selectNeighbours(state, item) {
  const others = neighboursOf(state.collection, item).map(({ index }) => index);
  state.select([item, ...others.filter((index) => index >= 0)]);
}

/**
 * @param {State} state
 * @param {number} item
 */
function metadataTable(state, item) {
  const rows = Object.entries(state.collection.metadata)
    .filter(([, values]) => values[item] !== null)
    .flatMap(([field, values]) => [
      make("dt", { text: printable(field) }),
      make("dd", {}, make("bdi", { text: printable(String(values[item])) })),
    ]);
  return make("dl", {}, ...rows);
}

/**
 * @param {State} state
 * @param {Pictures} pictures
 * @param {Neighbour} neighbour
 * @param {string | null} own the label of the item
 * @param {Ask} ask
 */
function row(state, pictures, { index, id, key, label, distance }, own, ask) {
  const same = label !== null && own !== null ? (label === own ? "same" : "other") : "";
  const texts = make(
    "span",
    { class: "texts" },
    make("bdi", { class: `label ${same}`, text: label === null ? "no label" : printable(label) }),
    make("bdi", { class: "key", text: printable(key) }),
  );
  const far = make("span", { class: "note", text: distanceText(distance) });
  if (index < 0) {
    const outside = make("span", { class: "none small", text: "not on this page" });
    if (!ask) return make("li", {}, make("div", { class: "row still" }, outside, texts, far));
    const other = make("button", { class: "row", attributes: { type: "button" } }, outside, texts, far);
    other.addEventListener("click", () => ask(id));
    return make("li", {}, other);
  }
  const button = make(
    "button",
    { class: "row", attributes: { type: "button" } },
    pictures.canvas(index, 38),
    texts,
    far,
  );
  button.addEventListener("click", () => state.pin(index));
  return make("li", {}, button);
}
