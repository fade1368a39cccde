/** The map: what of it is in the window, drawn when something has changed. */

import { Camera } from "./camera.js";
import { CanvasMap } from "./canvas_map.js";
import { byId, oncePerFrame } from "./dom.js";
import { Grid } from "./grid.js";
import { isInView, isUsable, moved } from "./kept_picture.js";
import { drawOverlay } from "./overlay.js";
import { rgbOf, stylesOf } from "./palette.js";
import { WebglMap } from "./webgl_map.js";

/** @import { Box, MapRenderer, Point, Style, View } from "./types.d.ts" */
/** @import { Pictures } from "./pictures.js" */
/** @import { State } from "./state.js" */

/** A machine that draws all items in more than this is slow; in milliseconds. */
const SLOW = 26;

/** When the map has been still for so long, or for two pictures of a slow machine, all is drawn; in milliseconds. */
const STILL = 200;
const MAX_STILL = 1000;

/** Dots drawn beside a picture that is moved. */
const MAX_BESIDE = 400;

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
    /** When the last picture was drawn, and whether the last one of all items took long. */
    this.drawn = 0;
    this.slow = false;
    /** What was drawn last. @type {View | null} */
    this.last = null;
    /** What was drawn last with all items; null when they look otherwise by now. @type {View | null} */
    this.whole = null;
    /** Items that are drawn as dots beside the last whole picture while that is moved. @type {number[]} */
    this.beside = [];
    /** @type {Uint8Array} */
    this.styles = new Uint8Array(0);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.stillTimer = undefined;
    /** @type {Style[]} */
    this.codeStyles = [];
    this.redraw = oncePerFrame(() => this.draw());
    this.renderer = this.#makeRenderer();
    this.renderer.onTimed((time) => (this.slow = time > SLOW));
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
    this.whole = null;
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
    this.styles = styles;
    this.renderer.setStyles(styles);
    this.whole = null;
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

  /**
   * Return the view of the last whole picture if that is to be moved instead of drawing all items.
   * @param {View} view
   */
  #keptFor(view) {
    const since = performance.now() - this.drawn;
    const moving = this.last !== null && !isSame(this.last, view);
    this.drawn += since;
    this.last = view;
    clearTimeout(this.stillTimer);
    if (moving && this.slow && this.whole && isUsable(this.whole, view)) {
      this.stillTimer = setTimeout(() => this.draw(), Math.min(MAX_STILL, Math.max(STILL, 2 * since)));
      return this.whole;
    }
    this.whole = view;
    return null;
  }

  /**
   * Return some of the items that are in the window, but not in a picture of an earlier view.
   * @param {View} kept
   */
  #besideOf(kept) {
    const items = this.grid.inBox(this.camera.box(16)).filter((item) => !isInView(kept, this.grid.place(item)));
    const step = Math.ceil(items.length / MAX_BESIDE);
    return items.filter((item) => item % step === 0);
  }

  draw() {
    const { camera, state, canvas } = this;
    const { width, height, centre, scale } = camera;
    const view = { width, height, centre, scale };
    const kept = this.#keptFor(view);
    this.beside = kept ? this.#besideOf(kept) : [];
    if (kept) {
      const { left, top, factor } = moved(kept, view, this.ratio ?? 1);
      canvas.style.transform = `translate(${left}px, ${top}px) scale(${factor})`;
    } else {
      canvas.style.transform = "";
      this.#drawAll(view);
    }
    drawOverlay(this);
    state.emit("view");
  }

  /** @param {View} view */
  #drawAll(view) {
    const { camera, pictureSize } = this;
    const { shown, selected, highlighted, colour } = this.state;
    const inView = pictureSize
      ? this.grid
          .inBox(camera.box(pictureSize))
          .filter((item) => shown[item] && (highlighted < 0 || selected[item] || colour?.codes[item] === highlighted))
      : [];
    const { background = [255, 255, 255], accent = [0, 0, 0], dark, dotSize } = this;
    const visible = camera.zoom < NEAR ? null : this.grid.inBox(camera.box(16));
    this.renderer.draw({ ...view, dotSize, pictureSize, visible, inView, background, accent, dark });
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

/**
 * @param {View} a
 * @param {View} b
 */
function isSame(a, b) {
  return a.scale === b.scale && a.centre.x === b.centre.x && a.centre.y === b.centre.y;
}
