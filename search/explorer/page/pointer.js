/** Mouse, pen and touch on the map: move, zoom, point at, pin, and draw a rectangle or lasso. */

/** @import { Point } from "./types.d.ts" */
/** @import { MapView } from "./map.js" */
/** @typedef {"move" | "rectangle" | "lasso"} Tool */

/** A press that moves by less than this is a click; in pixels. */
const SLACK = 5;

export class Pointer {
  /** @param {MapView} map */
  constructor(map) {
    this.map = map;
    /** @type {Tool} */
    this.tool = "move";
    this.subtract = false;
    /** Pointers that are down. @type {Map<number, Point>} */
    this.down = new Map();
    /** @type {Point | null} */
    this.start = null;
    this.moved = false;
    const surface = map.overlay;
    surface.addEventListener("pointerdown", (event) => this.#press(event));
    surface.addEventListener("pointermove", (event) => this.#move(event));
    surface.addEventListener("pointerup", (event) => this.#release(event, true));
    surface.addEventListener("pointercancel", (event) => this.#release(event, false));
    surface.addEventListener("pointerleave", () => map.state.hover(-1));
    surface.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /**
   * @param {MouseEvent} event
   * @returns {Point}
   */
  #at(event) {
    const { left, top } = this.map.overlay.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button) return;
    const at = this.#at(event);
    this.map.overlay.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, at);
    this.start = at;
    this.moved = this.down.size > 1;
    this.map.outline = [];
  }

  /** The tool of a press: Shift draws a lasso whatever the tool is. @param {MouseEvent} event */
  #toolOf(event) {
    return event.shiftKey && this.tool === "move" ? "lasso" : this.tool;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = this.#at(event);
    const last = this.down.get(event.pointerId);
    if (!last) {
      if (event.pointerType !== "touch") this.map.state.hover(this.map.itemAt(at));
      return;
    }
    if (this.down.size === 2) {
      this.#pinch(event.pointerId, last, at);
    } else if (this.moved || Math.hypot(at.x - (this.start?.x ?? 0), at.y - (this.start?.y ?? 0)) > SLACK) {
      this.moved = true;
      this.map.state.hover(-1);
      this.#drag(event, last, at);
    } else return;
    this.down.set(event.pointerId, at);
    this.map.redraw();
  }

  /**
   * @param {number} id
   * @param {Point} last
   * @param {Point} at
   */
  #pinch(id, last, at) {
    const other = [...this.down].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const before = Math.hypot(last.x - other.x, last.y - other.y);
    const after = Math.hypot(at.x - other.x, at.y - other.y);
    const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    this.map.camera.pan((at.x - last.x) / 2, (at.y - last.y) / 2);
    if (before > 1 && after > 1) this.map.camera.zoomBy(after / before, middle);
  }

  /**
   * @param {PointerEvent} event
   * @param {Point} last
   * @param {Point} at
   */
  #drag(event, last, at) {
    const tool = this.#toolOf(event);
    const start = this.start ?? last;
    if (tool === "move") this.map.camera.pan(at.x - last.x, at.y - last.y);
    else if (tool === "lasso") this.map.outline = [...(this.map.outline.length ? this.map.outline : [start]), at];
    else this.map.outline = [start, { x: at.x, y: start.y }, at, { x: start.x, y: at.y }];
  }

  /**
   * @param {PointerEvent} event
   * @param {boolean} done
   */
  #release(event, done) {
    const { map } = this;
    if (!this.down.delete(event.pointerId)) return;
    const { outline } = map;
    map.outline = [];
    if (done && outline.length > 2) {
      const corners = outline.map((point) => map.camera.toMap(point));
      const items = map.grid.inPolygon(corners).filter((item) => map.state.shown[item]);
      map.state.select(items, !(this.subtract || event.altKey));
    } else if (done && !this.moved) {
      map.state.pin(map.itemAt(this.#at(event), event.pointerType === "touch" ? 24 : 8));
    }
    map.redraw();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    // Fingers that pinch a trackpad come as a wheel with Ctrl, in small steps.
    const speed = event.ctrlKey ? 0.01 : 0.0016;
    this.map.camera.zoomBy(Math.exp(-event.deltaY * lines * speed), this.#at(event));
    this.map.state.hover(-1);
    this.map.redraw();
  }
}
