/** A card beside what is pointed at: its picture and texts, and its neighbours' pictures. */

import { labelOf, neighboursOf } from "./collection.js";
import { byId, make } from "./dom.js";
import { distanceText, printable } from "./text.js";

/** @import { MapView } from "./map.js" */

const GAP = 18;

/** @param {MapView} map */
export function showHoverCard(map) {
  const { state } = map;
  const card = byId("hover", HTMLElement);
  let shown = -1;
  const place = () => {
    if (shown < 0) return;
    const at = map.camera.toWindow(map.grid.place(shown));
    const { width, height } = map.camera;
    const gap = GAP + map.pictureSize / 2;
    const right = at.x + gap + card.offsetWidth < width;
    const left = right ? at.x + gap : Math.max(4, at.x - gap - card.offsetWidth);
    card.style.left = `${left}px`;
    card.style.top = `${Math.max(4, Math.min(height - card.offsetHeight - 4, at.y - card.offsetHeight / 2))}px`;
  };
  state.onChange((change) => {
    if (change === "view") place();
    if (change !== "hover" && change !== "pin") return;
    // What is pinned, or else pointed at, is in the panel of the item.
    const panelOpen = document.body.dataset.tab === "item";
    shown = panelOpen && state.hovered === state.pinned ? -1 : state.hovered;
    card.hidden = shown < 0;
    if (shown < 0) return;
    const { collection } = state;
    const label = labelOf(collection, shown);
    const strip =
      panelOpen && state.pinned < 0
        ? []
        : neighboursOf(collection, shown)
            .slice(0, 10)
            .map(({ index, distance }) =>
              make(
                "span",
                {},
                ...(index < 0 ? [make("span", { class: "none small", text: "–" })] : [map.pictures.canvas(index, 36)]),
                make("small", { text: distanceText(distance) }),
              ),
            );
    card.replaceChildren(
      make(
        "div",
        { class: "card" },
        ...(map.pictures.has(shown) ? [map.pictures.canvas(shown, 84)] : []),
        make(
          "div",
          {},
          make("bdi", { class: "label", text: label === null ? "no label" : printable(label) }),
          make("bdi", { class: "key", text: printable(collection.keys[shown]) }),
        ),
      ),
      ...(strip.length ? [make("div", { class: "strip" }, ...strip)] : []),
    );
    place();
  });
}
