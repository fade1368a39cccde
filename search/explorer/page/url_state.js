/** The place, zoom, pinned item, colours, filter and selection as the URL's hash, and back. */

/** @typedef {{ x: number, y: number, zoom: number, pinned: number | null, colour: string | null, query: string,
 *   filters: [string, string[]][], selected: number[] }} UrlState */

/** A hash with more letters than this is too long for some programs: then the selection stays out. */
const MAX_HASH = 8000;

/**
 * Return ids, ascending, as runs in base 36: 3, 4, 5, 40 are `3+2.z`.
 * @param {number[]} ids
 */
export function packIds(ids) {
  const runs = [];
  let last = 0;
  for (let i = 0; i < ids.length;) {
    let length = 0;
    while (ids[i + length + 1] === ids[i] + length + 1) length++;
    runs.push((ids[i] - last).toString(36) + (length ? `+${length.toString(36)}` : ""));
    last = ids[i] + length;
    i += length + 1;
  }
  return runs.join(".");
}

/**
 * @param {string} text
 * @returns {number[]}
 */
export function unpackIds(text) {
  const ids = [];
  let last = 0;
  for (const run of text.split(".").filter(Boolean)) {
    const [step, length] = run.split("+").map((number) => parseInt(number, 36));
    if (!(step >= 0) || length > 100_000 || ids.length > 100_000) return ids;
    for (let i = 0; i <= (length || 0); i++) ids.push(last + step + i);
    last = ids[ids.length - 1];
  }
  return ids;
}

/** @param {UrlState} state */
export function hashOf(state) {
  const parameters = new URLSearchParams();
  parameters.set("at", [state.x.toFixed(4), state.y.toFixed(4), state.zoom.toPrecision(4)].join(","));
  if (state.pinned !== null) parameters.set("pin", String(state.pinned));
  if (state.colour !== null) parameters.set("colour", state.colour);
  if (state.query) parameters.set("q", state.query);
  for (const [field, names] of state.filters) parameters.append("filter", JSON.stringify([field, ...names]));
  if (state.selected.length) {
    const selected = packIds(state.selected);
    if (selected.length < MAX_HASH) parameters.set("selected", selected);
  }
  return parameters.toString();
}

/**
 * Return what a hash says, as far as it can be understood.
 * @param {string} hash
 * @returns {UrlState}
 */
export function stateOf(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const [x, y, zoom] = (parameters.get("at") || "0.5,0.5,1").split(",").map(Number);
  const pinned = parseInt(parameters.get("pin") ?? "", 10);
  return {
    x: x >= 0 && x <= 1 ? x : 0.5,
    y: y >= 0 && y <= 1 ? y : 0.5,
    zoom: zoom > 0 && Number.isFinite(zoom) ? zoom : 1,
    pinned: Number.isNaN(pinned) ? null : pinned,
    colour: parameters.get("colour"),
    query: parameters.get("q") ?? "",
    filters: parameters.getAll("filter").flatMap(parsedFilter),
    selected: unpackIds(parameters.get("selected") ?? ""),
  };
}

/**
 * @param {string} text
 * @returns {[string, string[]][]}
 */
function parsedFilter(text) {
  try {
    const [field, ...names] = JSON.parse(text);
    return [[String(field), names.map(String)]];
  } catch {
    return [];
  }
}
