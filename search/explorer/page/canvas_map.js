/** Draw the map on a plain canvas, where WebGL2 is missing. */

/** @import { Frame, MapRenderer } from "./types.d.ts" */
/** @import { Pictures } from "./pictures.js" */

/** @implements {MapRenderer} */
export class CanvasMap {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Uint16Array} points
   * @param {Pictures} pictures
   */
  constructor(canvas, points, pictures) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("expected a canvas to draw on");
    this.context = context;
    this.points = points;
    this.pictures = pictures;
    /** @type {Uint8Array} */
    this.styles = new Uint8Array(4 * points.length);
    this.ratio = 1;
    /** @type {(time: number) => void} */
    this.timed = () => {};
  }

  /** @param {(time: number) => void} listener */
  onTimed(listener) {
    this.timed = listener;
  }

  /**
   * @param {number} width
   * @param {number} height
   * @param {number} ratio
   */
  resize(width, height, ratio) {
    this.ratio = ratio;
    this.context.canvas.width = Math.round(width * ratio);
    this.context.canvas.height = Math.round(height * ratio);
  }

  /** @param {Uint8Array} styles as of WebglMap */
  setStyles(styles) {
    this.styles = styles;
  }

  /** @param {Frame} frame */
  draw(frame) {
    const { context, styles, points } = this;
    const start = performance.now();
    const x = (/** @type {number} */ item) =>
      (points[2 * item] / 65535 - frame.centre.x) * frame.scale + frame.width / 2;
    const y = (/** @type {number} */ item) =>
      (points[2 * item + 1] / 65535 - frame.centre.y) * frame.scale + frame.height / 2;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = `rgb(${frame.background.join(" ")})`;
    context.fillRect(0, 0, frame.width, frame.height);
    for (const front of [false, true]) {
      const count = frame.visible ? frame.visible.length : points.length / 2;
      for (let at = 0; at < count; at++) {
        const item = frame.visible ? frame.visible[at] : at;
        if (styles[8 * item + 3] > 127 !== front) continue;
        const [left, top] = [x(item), y(item)];
        if (left < -9 || top < -9 || left > frame.width + 9 || top > frame.height + 9) continue;
        const size = (frame.dotSize + 1) * (styles[8 * item + 4] > 7 ? 1.6 : 1);
        const [red, green, blue] = styles.subarray(8 * item, 8 * item + 3);
        context.fillStyle = `rgb(${red} ${green} ${blue} / ${front ? 0.88 : 0.3})`;
        context.fillRect(left - size / 2, top - size / 2, size, size);
      }
    }
    for (const item of frame.pictureSize ? frame.inView : []) {
      const side = frame.pictureSize;
      const [red, green, blue] = styles.subarray(8 * item, 8 * item + 3);
      if (!this.pictures.draw(context, item, x(item) - side / 2, y(item) - side / 2, side)) continue;
      context.strokeStyle = `rgb(${red} ${green} ${blue})`;
      context.strokeRect(x(item) - side / 2, y(item) - side / 2, side, side);
    }
    this.timed(performance.now() - start);
  }
}
