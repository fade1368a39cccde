/** The map: what of it is in the window, drawn when something has changed. */

import { Camera } from "./camera.js";
import { CanvasMap } from "./canvas_map.js";
import { byId, oncePerFrame } from "./dom.js";
import { Grid } from "./grid.js";
import { drawOverlay } from "./overlay.js";
import { rgbOf, stylesOf } from "./palette.js";
import { WebglMap } from "./webgl_map.js";

/** @import { Box, MapRenderer, Point, Style } from "./types.d.ts" */
/** @import { Pictures } from "./pictures.js" */
/** @import { State } from "./state.js" */

/** While the map moves and a picture of it takes longer than this, fewer dots are drawn; in milliseconds. */
const SLOW = 26;
const MAX_STEP = 8;

/** When the map has been still for so long, or for two pictures of a slow machine, all is drawn; in milliseconds. */
const STILL = 200;
const MOVING = 1500;

/** From this zoom on only the dots in view are given to the renderer. */
const NEAR = 2;

/** Pictures are drawn from this side on, and are never larger; in CSS pixels. */
const MIN_PICTURE = 9;
const MAX_PICTURE = 128;

export class MapView {
  /**
   * @param {State} state
   * @param {Pictures} pictures
   */
  constructor(state, pictures) {
    this.state = state;
    this.pictures = pictures;
    this.grid = new Grid(state.collection.points);
    this.camera = new Camera(state.collection.count);
    this.canvas = byId("map", HTMLCanvasElement);
    this.overlay = byId("overlay", HTMLCanvasElement);
    /** The lasso or rectangle being drawn, in the window. @type {Point[]} */
    this.outline = [];
    this.dark = false;
    /** Every how many-th dot is drawn, and when the last picture was. */
    this.step = 1;
    this.drawn = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.stillTimer = undefined;
    /** @type {Style[]} */
    this.codeStyles = [];
    this.redraw = oncePerFrame(() => this.draw());
    this.renderer = this.#makeRenderer();
    pictures.onLoad(this.redraw);
    const redrawOverlay = oncePerFrame(() => drawOverlay(this));
    state.onChange((change) => {
      if (change === "hover" || change === "pin") redrawOverlay();
      if (change === "view" || change === "hover" || change === "pin") return;
      this.restyle();
      this.redraw();
    });
    new ResizeObserver(() => this.resize()).observe(/** @type {Element} */ (this.canvas.parentElement));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.readTheme());
    this.readTheme();
  }

  /** @returns {MapRenderer} */
  #makeRenderer() {
    const { points } = this.state.collection;
    try {
      return new WebglMap(this.canvas, points, this.pictures, () => this.redraw());
    } catch {
      // A canvas that was asked for WebGL2 cannot be asked for anything else.
      const fresh = /** @type {HTMLCanvasElement} */ (this.canvas.cloneNode());
      this.canvas.replaceWith(fresh);
      this.canvas = fresh;
      return new CanvasMap(this.canvas, points, this.pictures);
    }
  }

  /** Read the colours of the page, light or dark. */
  readTheme() {
    const style = getComputedStyle(document.documentElement);
    const colour = (/** @type {string} */ name) => rgbOf(style.getPropertyValue(name).trim());
    this.dark = style.getPropertyValue("--theme").trim() === "dark";
    this.background = colour("--map");
    this.accent = colour("--accent");
    this.ink = colour("--ink");
    this.state.emit("colour");
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    this.camera.width = clientWidth;
    this.camera.height = clientHeight;
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.renderer.resize(clientWidth, clientHeight, this.ratio);
    this.overlay.width = Math.round(clientWidth * this.ratio);
    this.overlay.height = Math.round(clientHeight * this.ratio);
    this.draw();
  }

  /** Give the renderer each item's colour, shape, and whether it is shown and selected. */
  restyle() {
    const { state } = this;
    const { colour: facet, collection, shown, selected, highlighted } = state;
    this.codeStyles = facet ? stylesOf(facet, collection.facts.palette, this.dark) : [];
    const plain = this.dark ? [140, 170, 200] : [70, 110, 150];
    const accent = this.accent ?? [0, 0, 0];
    const styles = new Uint8Array(8 * collection.count);
    for (let item = 0; item < collection.count; item++) {
      const code = facet ? facet.codes[item] : 0;
      const { colour, shape } = this.codeStyles[code] ?? { colour: plain, shape: 0 };
      const front = shown[item] && (highlighted < 0 || code === highlighted);
      const [red, green, blue] = selected[item] ? accent : front ? colour : [128, 134, 142];
      styles.set([red, green, blue, front || selected[item] ? 255 : 0, shape + (selected[item] ? 8 : 0)], 8 * item);
    }
    this.renderer.setStyles(styles);
  }

  /** The side of a picture at this zoom, 0 if it would be too small. */
  get pictureSize() {
    const { scale, zoom } = this.camera;
    // Pictures grow less than the map, so that those on top of each other come apart.
    const side = (1.15 * scale * Math.max(1, zoom) ** -0.25) / Math.sqrt(this.state.collection.count + 30);
    return this.pictures.collection.facts.pages && side >= MIN_PICTURE ? Math.min(MAX_PICTURE, side) : 0;
  }

  get dotSize() {
    const side = (0.42 * this.camera.scale) / Math.sqrt(this.state.collection.count + 30);
    return Math.min(10, Math.max(2.2, side));
  }

  /** Draw fewer dots while pictures of the moving map come too slowly, and all of them once it is still. */
  #adaptStep() {
    const now = performance.now();
    const since = now - this.drawn;
    this.drawn = now;
    const moving = since < MOVING;
    if (moving && since > SLOW) this.step = Math.min(MAX_STEP, 2 * this.step);
    clearTimeout(this.stillTimer);
    if (this.step > 1) {
      this.stillTimer = setTimeout(
        () => {
          this.step = 1;
          this.drawn = 0;
          this.draw();
        },
        Math.max(STILL, moving ? 2 * since : 0),
      );
    }
  }

  draw() {
    this.#adaptStep();
    const { camera, state, step } = this;
    const { width, height, centre, scale } = camera;
    const pictureSize = this.pictureSize;
    const { shown, selected, highlighted, colour } = state;
    const inView = pictureSize
      ? this.grid
          .inBox(camera.box(pictureSize))
          .filter((item) => shown[item] && (highlighted < 0 || selected[item] || colour?.codes[item] === highlighted))
      : [];
    const { background = [255, 255, 255], accent = [0, 0, 0], dark, dotSize } = this;
    const visible = camera.zoom < NEAR ? null : this.grid.inBox(camera.box(16));
    const size = { centre, scale, width, height, dotSize, pictureSize };
    this.renderer.draw({ ...size, step, visible, inView, background, accent, dark });
    drawOverlay(this);
    state.emit("view");
  }

  /**
   * Return the item at a point of the window, or -1.
   * @param {Point} point
   * @param {number} reach in pixels
   */
  itemAt(point, reach = 8) {
    const { shown } = this.state;
    const radius = Math.max(reach, this.pictureSize * 0.6) / this.camera.scale;
    return this.grid.nearest(this.camera.toMap(point), radius, (item) => shown[item] === 1);
  }

  /** Show an item if it is not in the window. @param {number} item */
  reveal(item) {
    const place = this.grid.place(item);
    const { x, y } = this.camera.toWindow(place);
    const margin = 40;
    if (x < margin || y < margin || x > this.camera.width - margin || y > this.camera.height - margin) {
      this.camera.moveTo(place);
    }
    this.redraw();
  }

  /** Show all of these items. @param {number[]} items */
  frame(items) {
    if (!items.length) return;
    /** @type {Box} */
    const box = { left: 1, top: 1, right: 0, bottom: 0 };
    for (const item of items) {
      const { x, y } = this.grid.place(item);
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
    }
    this.camera.show(box);
    this.redraw();
  }
}
