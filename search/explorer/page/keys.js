/** The keys of the page; those of letters work wherever nothing is being written. */

import { neighboursOf, labelOf } from "./collection.js";
import { announce, byId } from "./dom.js";
import { distanceText, printable } from "./text.js";
import { ARROWS, stepTo } from "./walk.js";

/** @import { MapView } from "./map.js" */
/** @import { Tool } from "./pointer.js" */

/** Pixels by which an arrow moves the map while nothing is pinned. */
const STEP = 80;

/**
 * @param {MapView} map
 * @param {(tool: Tool) => void} setTool
 * @param {() => void} help
 */
export function listenToKeys(map, setTool, help) {
  const { state, camera } = map;
  /** @type {Record<string, () => void>} */
  const actions = {
    "/": () => byId("search", HTMLInputElement).focus(),
    "+": () => camera.zoomBy(1.4, middle(map)),
    "=": () => camera.zoomBy(1.4, middle(map)),
    "-": () => camera.zoomBy(1 / 1.4, middle(map)),
    0: () => camera.fit(),
    m: () => setTool("move"),
    r: () => setTool("rectangle"),
    l: () => setTool("lasso"),
    x: () => state.pinned >= 0 && state.select([state.pinned], !state.selected[state.pinned]),
    Backspace: () => state.back(),
    Escape: () => state.pin(-1),
    "?": help,
    1: () => openPanel("item"),
    2: () => openPanel("list"),
    3: () => openPanel("selection"),
    4: () => openPanel("about"),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    const action = actions[event.key];
    if (!action || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    action();
    map.redraw();
  });
  byId("skip", HTMLButtonElement).addEventListener("click", () => {
    openPanel("list");
    byId("listing", HTMLSelectElement).focus();
  });
  map.overlay.addEventListener("keydown", (event) => {
    const direction = ARROWS[event.key];
    if (direction && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      if (state.pinned >= 0) walk(map, event.key);
      else camera.pan(-STEP * direction.x, -STEP * direction.y);
    } else if (event.key === "Enter" && state.pinned < 0) {
      event.preventDefault();
      state.pin(map.grid.nearest(camera.centre, 1, (item) => state.shown[item] === 1));
    } else return;
    map.redraw();
  });
}

/** Open a panel, and go to its tab. @param {string} name */
function openPanel(name) {
  const tab = byId(`tab-${name}`, HTMLButtonElement);
  tab.click();
  tab.focus();
}

/** Zooming by keys keeps the pinned item in its place. @param {MapView} map */
function middle(map) {
  return map.state.pinned >= 0 ? map.camera.toWindow(map.grid.place(map.state.pinned)) : undefined;
}

/**
 * Pin the neighbour that lies in an arrow's direction.
 * @param {MapView} map
 * @param {string} arrow
 */
function walk(map, arrow) {
  const { state, grid } = map;
  const neighbours = neighboursOf(state.collection, state.pinned);
  const places = neighbours.map(({ index }) => (index < 0 ? null : grid.place(index)));
  const step = stepTo(grid.place(state.pinned), places, ARROWS[arrow]);
  if (step < 0) announce("no neighbour in this direction");
  else state.pin(neighbours[step].index);
}

/**
 * Say which item is pinned now.
 * @param {MapView} map
 */
export function announcePinned({ state }) {
  if (state.pinned < 0) return;
  const { collection, pinned } = state;
  const label = labelOf(collection, pinned);
  const nearest = neighboursOf(collection, pinned)[0];
  announce(
    `${printable(collection.keys[pinned])}, ${label === null ? "no label" : `label ${printable(label)}`}` +
      (nearest ? `, nearest ${printable(nearest.key)} at ${distanceText(nearest.distance)}` : ""),
  );
}

/** @param {EventTarget | null} target */
function isWriting(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== "checkbox");
}
