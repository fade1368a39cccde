/** Put the page together: decode its data, then connect map, panels, keys and URL. */

import { showAboutPanel } from "./about_panel.js";
import { readCollection } from "./collection.js";
import { byId } from "./dom.js";
import { facetsOf } from "./facets.js";
import { showFilterPanel } from "./filter_panel.js";
import { showHoverCard } from "./hover_card.js";
import { showItemPanel } from "./item_panel.js";
import { announcePinned, listenToKeys } from "./keys.js";
import { showListPanel } from "./list_panel.js";
import { MapView } from "./map.js";
import { Pictures } from "./pictures.js";
import { Pointer } from "./pointer.js";
import { showSelectionPanel } from "./selection_panel.js";
import { State } from "./state.js";
import { showTabs } from "./tabs.js";
import { syncUrl } from "./url_sync.js";

/** @import { Tool } from "./pointer.js" */

/**
 * Start the page; return its map.
 * @param {((id: number) => void) | null} ask shows more neighbours of an item by its id, if there is a server to ask
 */
export async function startExplorer(ask = null) {
  const collection = await readCollection();
  const state = new State(collection, facetsOf(collection));
  const map = new MapView(state, new Pictures(collection));
  const pointer = new Pointer(map);
  showAboutPanel(collection);
  showFilterPanel(map);
  showItemPanel(state, map.pictures, ask);
  showListPanel(map);
  showSelectionPanel(map);
  showHoverCard(map);
  showTabs(state);
  const setTool = (/** @type {Tool} */ tool) => {
    pointer.tool = tool;
    for (const name of ["move", "rectangle", "lasso"]) {
      byId(`tool-${name}`, HTMLButtonElement).setAttribute("aria-pressed", String(name === tool));
    }
    byId("subtract", HTMLInputElement).disabled = tool === "move";
  };
  for (const tool of /** @type {Tool[]} */ (["move", "rectangle", "lasso"])) {
    byId(`tool-${tool}`, HTMLButtonElement).addEventListener("click", () => setTool(tool));
  }
  byId("subtract", HTMLInputElement).addEventListener("change", (event) => {
    pointer.subtract = /** @type {HTMLInputElement} */ (event.target).checked;
  });
  const help = byId("help", HTMLDialogElement);
  byId("open-help", HTMLButtonElement).addEventListener("click", () => help.showModal());
  byId("close-help", HTMLButtonElement).addEventListener("click", () => help.close());
  const zoomButtons = /** @type {const} */ ([
    ["zoom-in", () => map.camera.zoomBy(1.5)],
    ["zoom-out", () => map.camera.zoomBy(1 / 1.5)],
    ["zoom-all", () => map.camera.fit()],
  ]);
  for (const [id, zoom] of zoomButtons) {
    byId(id, HTMLButtonElement).addEventListener("click", () => {
      zoom();
      map.redraw();
    });
  }
  listenToKeys(map, setTool, () => help.showModal());
  setTool("move");
  state.onChange((change) => {
    if (change !== "pin") return;
    if (state.pinned >= 0) map.reveal(state.pinned);
    announcePinned(map);
  });
  syncUrl(map);
  map.resize();
  document.documentElement.dataset.ready = "yes";
  return map;
}

/**
 * Say why the page cannot be shown.
 * @param {unknown} error
 * @returns {never}
 */
export function showFailure(error) {
  document.documentElement.dataset.ready = "failed";
  byId("loading", HTMLElement).textContent =
    `This page cannot be shown: ${error instanceof Error ? error.message : error}`;
  throw error;
}
