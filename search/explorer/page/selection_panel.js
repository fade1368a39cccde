/** The selection: a list, and its keys, CSV and JSON to take away. */

import { announce, byId } from "./dom.js";
import { csvOf, jsonOf, keysOf } from "./export.js";
import { ItemList } from "./item_list.js";
import { thousands } from "./text.js";

/** @import { MapView } from "./map.js" */

/** @param {MapView} map */
export function showSelectionPanel(map) {
  const { state } = map;
  const { collection } = state;
  const list = new ItemList(byId("selection", HTMLElement), state, map.pictures);
  const show = () => {
    const items = state.selection;
    byId("selected-count", HTMLElement).textContent = items.length ? thousands(items.length) : "";
    byId("selection-empty", HTMLElement).hidden = items.length > 0;
    byId("selection-buttons", HTMLElement).hidden = !items.length;
    list.show({ items });
  };
  /** @type {Record<string, () => void>} */
  const actions = {
    "copy-keys": () => copy(keysOf(collection, state.selection), state.selection.length),
    "save-csv": () => save("selection.csv", "text/csv", csvOf(collection, state.selection)),
    "save-json": () => save("selection.json", "application/json", jsonOf(collection, state.selection)),
    "clear-selection": () => state.clearSelection(),
  };
  for (const [id, action] of Object.entries(actions)) byId(id, HTMLButtonElement).addEventListener("click", action);
  state.onChange((change) => {
    if (change !== "selection") return;
    show();
    announce(`${thousands(state.selection.length)} selected`);
  });
  show();
}

/**
 * @param {string} text
 * @param {number} count
 */
async function copy(text, count) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from a disk may not be allowed to: the old way is.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  announce(`${thousands(count)} ${count === 1 ? "key" : "keys"} copied`);
}

/**
 * @param {string} name
 * @param {string} type
 * @param {string} text
 */
function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  announce(`${name} saved`);
}
