/** Keep the URL's hash and the page alike: a link brings back what was seen. */

import { hashOf, stateOf } from "./url_state.js";

/** @import { MapView } from "./map.js" */

/** Browsers allow about a hundred changes of the URL in 30 seconds. */
const PAUSE = 400;

/** @param {MapView} map */
export function syncUrl(map) {
  const { state, camera } = map;
  const { collection, facets } = state;
  const indexOf = new Map(Array.from(collection.ids, (id, index) => [id, index]));
  const restore = () => {
    const saved = stateOf(location.hash);
    camera.moveTo(saved);
    camera.zoom = Math.min(camera.maxZoom, saved.zoom);
    state.query = saved.query;
    state.filter.clear();
    for (const [field, names] of saved.filters) {
      const facet = facets.find((other) => other.field === field);
      const codes = names.map((name) => facet?.names.indexOf(name) ?? -1).filter((code) => code >= 0);
      if (facet) state.filter.set(field, new Set(codes));
    }
    if (saved.colour !== null) state.colour = facets.find(({ field }) => field === saved.colour) ?? null;
    state.selected.fill(0);
    for (const id of saved.selected) {
      const index = indexOf.get(id);
      if (index !== undefined) state.selected[index] = 1;
    }
    state.refilter();
    state.emit("colour");
    state.emit("selection");
    state.pin(indexOf.get(saved.pinned ?? -1) ?? -1);
  };
  const write = () => {
    const { centre, zoom } = camera;
    const hash = hashOf({
      ...centre,
      zoom,
      pinned: state.pinned < 0 ? null : collection.ids[state.pinned],
      colour: state.colour === facets[0] ? null : (state.colour?.field ?? ""),
      query: state.query,
      filters: [...state.filter]
        .filter(([, codes]) => codes.size)
        .map(([field, codes]) => {
          const facet = facets.find((other) => other.field === field);
          return [field, [...codes].map((code) => facet?.names[code] ?? "")];
        }),
      selected: state.selection.map((index) => collection.ids[index]),
    });
    if (`#${hash}` !== location.hash) history.replaceState(null, "", `#${hash}`);
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  state.onChange((change) => {
    if (change === "hover") return;
    clearTimeout(timer);
    timer = setTimeout(write, PAUSE);
  });
  if (location.hash.length > 1) restore();
  addEventListener("hashchange", restore);
}
