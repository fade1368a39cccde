/** Draw the map by WebGL2: all items as points, and those in view as quads over an array of textures. */

import { DOTS_FRAGMENT, DOTS_VERTEX, PICTURES_FRAGMENT, PICTURES_VERTEX } from "./shaders.js";

/** @import { Frame, MapRenderer } from "./types.d.ts" */
/** @import { Pictures } from "./pictures.js" */

/** Layers of the array of textures: pages of 1,024 pixels a side take 4 MB each, a third more with smaller copies. */
const LAYERS = 24;

/** Pictures drawn at once, and the numbers of each: place, cell, extents, colour. */
const MAX_PICTURES = 8000;
const NUMBERS = 13;

/** Pages given to the graphics card in a frame: each takes some milliseconds. */
const UPLOADS = 1;

/** How often to look whether a picture is drawn; in milliseconds. */
const POLL = 4;

/** @implements {MapRenderer} */
export class WebglMap {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Uint16Array} points
   * @param {Pictures} pictures
   * @param {() => void} redraw
   */
  constructor(canvas, points, pictures, redraw) {
    const gl = canvas.getContext("webgl2", { antialias: false, alpha: false, powerPreference: "high-performance" });
    if (!gl) throw new Error("WebGL2 is missing");
    this.gl = gl;
    this.pictures = pictures;
    this.redraw = redraw;
    this.ratio = 1;
    this.count = points.length / 2;
    this.instances = new Float32Array(NUMBERS * MAX_PICTURES);
    this.points = points;
    /** @type {Uint8Array} */
    this.styles = new Uint8Array(8 * this.count);
    /** Whether any item is filtered out. */
    this.behind = true;
    this.dots = new Program(gl, DOTS_VERTEX, DOTS_FRAGMENT);
    this.quads = new Program(gl, PICTURES_VERTEX, PICTURES_FRAGMENT);
    this.#makeDots();
    this.#makeQuads();
    this.levels = pictures.cell > 40 ? 4 : 2;
    /** Layer by page, the last used last. @type {Map<number, number>} */
    this.layers = new Map();
    this.texture = this.#makeTexture();
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE);
    /** Whether a picture is being drawn whose time is taken. */
    this.timing = false;
    /** @type {(time: number) => void} */
    this.timed = () => {};
  }

  /** @param {(time: number) => void} listener */
  onTimed(listener) {
    this.timed = listener;
  }

  #makeDots() {
    const { gl } = this;
    this.dotsArray = gl.createVertexArray();
    gl.bindVertexArray(this.dotsArray);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, this.points, gl.STATIC_DRAW);
    this.dots.attribute("a_place", 2, gl.UNSIGNED_SHORT, true, 4, 0);
    this.stylesBuffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.stylesBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, 8 * this.count, gl.DYNAMIC_DRAW);
    this.dots.attribute("a_style", 4, gl.UNSIGNED_BYTE, true, 8, 0);
    this.dots.attribute("a_look", 1, gl.UNSIGNED_BYTE, false, 8, 4);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  }

  #makeQuads() {
    const { gl } = this;
    this.quadsArray = gl.createVertexArray();
    gl.bindVertexArray(this.quadsArray);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
    this.quads.attribute("a_corner", 2, gl.FLOAT, false, 8, 0);
    this.instancesBuffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.instancesBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.instances.byteLength, gl.DYNAMIC_DRAW);
    let offset = 0;
    for (const [name, size] of /** @type {const} */ ([
      ["a_place", 2],
      ["a_cell", 3],
      ["a_extent", 4],
      ["a_colour", 4],
    ])) {
      this.quads.attribute(name, size, gl.FLOAT, false, 4 * NUMBERS, 4 * offset, 1);
      offset += size;
    }
  }

  #makeTexture() {
    const { gl, pictures } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
    const layers = Math.max(1, Math.min(LAYERS, pictures.collection.facts.pages));
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, this.levels, gl.RGBA8, pictures.pageSide, pictures.pageSide, layers);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, pictures.cell > 64 ? gl.LINEAR : gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  /**
   * @param {number} width
   * @param {number} height
   * @param {number} ratio
   */
  resize(width, height, ratio) {
    this.ratio = ratio;
    this.gl.canvas.width = Math.round(width * ratio);
    this.gl.canvas.height = Math.round(height * ratio);
  }

  /** @param {Uint8Array} styles for each item red, green, blue, alpha, look and three unused bytes */
  setStyles(styles) {
    const { gl } = this;
    this.styles = styles;
    this.behind = false;
    for (let at = 3; at < styles.length && !this.behind; at += 8) this.behind = styles[at] < 128;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.stylesBuffer ?? null);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, styles);
  }

  /** @param {Frame} frame */
  draw(frame) {
    const { gl } = this;
    const [red, green, blue] = frame.background.map((value) => value / 255);
    gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
    gl.clearColor(red, green, blue, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const view = [frame.centre.x, frame.centre.y, (2 * frame.scale) / frame.width, (-2 * frame.scale) / frame.height];
    gl.useProgram(this.dots.program);
    gl.bindVertexArray(this.dotsArray ?? null);
    gl.uniform4fv(this.dots.uniform("u_view"), view);
    gl.uniform1f(this.dots.uniform("u_size"), frame.dotSize * this.ratio);
    if (frame.visible) gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, new Uint32Array(frame.visible), gl.STREAM_DRAW);
    // Strokes are drawn over the dots: these fade where pictures are large enough.
    const fade = this.pictures.ink && frame.pictureSize ? Math.max(0.12, 1 - (frame.pictureSize - 8) / 5) : 1;
    gl.uniform2f(this.dots.uniform("u_alpha"), 0.88 * fade, 0.3);
    for (const front of this.behind ? [0, 1] : [1]) {
      gl.uniform1f(this.dots.uniform("u_front"), front);
      if (frame.visible) gl.drawElements(gl.POINTS, frame.visible.length, gl.UNSIGNED_INT, 0);
      else gl.drawArrays(gl.POINTS, 0, this.count);
    }
    if (frame.pictureSize) this.#drawPictures(frame, view);
    this.#time();
  }

  /** Take the time until all that was asked for is drawn. */
  #time() {
    const { gl } = this;
    const fence = this.timing ? null : gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (!fence) return;
    const start = performance.now();
    this.timing = true;
    gl.flush();
    const look = () => {
      if (!gl.isContextLost() && gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED) {
        setTimeout(look, POLL);
        return;
      }
      gl.deleteSync(fence);
      this.timing = false;
      this.timed(performance.now() - start);
    };
    setTimeout(look, POLL);
  }

  /**
   * @param {Frame} frame
   * @param {number[]} view
   */
  #drawPictures(frame, view) {
    const { gl, quads, pictures } = this;
    const drawn = this.#fill(frame);
    if (!drawn) return;
    gl.useProgram(quads.program);
    gl.bindVertexArray(this.quadsArray ?? null);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.instancesBuffer ?? null);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, this.instances, 0, NUMBERS * drawn);
    gl.uniform4fv(quads.uniform("u_view"), view);
    const side = frame.pictureSize;
    const border = Math.min(2.5, Math.max(1, side / 24));
    gl.uniform4f(quads.uniform("u_picture"), (2 * side) / frame.width, (2 * side) / frame.height, side, border);
    gl.uniform1f(quads.uniform("u_ink"), pictures.ink ? Math.min(1, Math.max(0, (72 - side) / 24)) : 0);
    gl.uniform1f(quads.uniform("u_texel"), 0.5 / pictures.pageSide);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, drawn);
  }

  /**
   * Fill the instances with the pictures whose pages are there; return how many.
   * @param {Frame} frame
   */
  #fill({ inView }) {
    const { pictures, instances } = this;
    const wanted = new Map();
    const places = [];
    for (const item of inView.length > MAX_PICTURES ? inView.slice(0, MAX_PICTURES) : inView) {
      if (!pictures.has(item)) continue;
      const place = pictures.location(item);
      wanted.set(place.page, (wanted.get(place.page) ?? 0) + 1);
      places.push({ item, ...place });
    }
    this.#provide([...wanted].sort((a, b) => b[1] - a[1]).map(([page]) => page));
    const side = pictures.pageSide;
    let drawn = 0;
    for (const { item, page, left, top, width, height } of places) {
      const layer = this.layers.get(page);
      if (layer === undefined) continue;
      const longer = Math.max(width, height);
      const { styles, points } = this;
      instances.set(
        [
          points[2 * item] / 65535,
          points[2 * item + 1] / 65535,
          left / side,
          top / side,
          layer,
          width / side,
          height / side,
          width / longer,
          height / longer,
          styles[8 * item] / 255,
          styles[8 * item + 1] / 255,
          styles[8 * item + 2] / 255,
          1,
        ],
        NUMBERS * drawn++,
      );
    }
    return drawn;
  }

  /**
   * Give pages to the graphics card, the most wanted first, in the place of those that were not used for longest.
   * @param {number[]} pages
   */
  #provide(pages) {
    const capacity = Math.max(1, Math.min(LAYERS, this.pictures.collection.facts.pages));
    const needed = pages.slice(0, capacity);
    for (const page of needed) {
      const layer = this.layers.get(page);
      if (layer === undefined) continue;
      this.layers.delete(page);
      this.layers.set(page, layer);
    }
    let uploads = 0;
    for (const page of needed) {
      if (this.layers.has(page)) continue;
      const bitmap = this.pictures.page(page);
      if (!bitmap) continue;
      if (uploads++ >= UPLOADS) {
        this.redraw();
        return;
      }
      let layer = this.layers.size;
      if (layer >= capacity) {
        const [oldest, free] = /** @type {[number, number]} */ (this.layers.entries().next().value);
        this.layers.delete(oldest);
        layer = free;
      }
      this.layers.set(page, layer);
      this.#upload(bitmap, layer);
    }
  }

  /**
   * @param {ImageBitmap} bitmap
   * @param {number} layer
   */
  #upload(bitmap, layer) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.texture);
    /** @type {ImageBitmap | OffscreenCanvas} */
    let picture = bitmap;
    for (let level = 0; level < this.levels; level++) {
      const side = bitmap.width >> level;
      if (level) {
        const smaller = new OffscreenCanvas(side, side);
        const context = smaller.getContext("2d");
        if (!context) return;
        context.imageSmoothingQuality = "high";
        context.drawImage(picture, 0, 0, side, side);
        picture = smaller;
      }
      gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, level, 0, 0, layer, side, side, 1, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    }
  }
}

/** A program of two shaders, its attributes and uniforms by name. */
class Program {
  /**
   * @param {WebGL2RenderingContext} gl
   * @param {string} vertex
   * @param {string} fragment
   */
  constructor(gl, vertex, fragment) {
    this.gl = gl;
    this.program = gl.createProgram();
    for (const [type, source] of /** @type {const} */ ([
      [gl.VERTEX_SHADER, vertex],
      [gl.FRAGMENT_SHADER, fragment],
    ])) {
      const shader = /** @type {WebGLShader} */ (gl.createShader(type));
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "");
      gl.attachShader(this.program, shader);
    }
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS)) {
      throw new Error(gl.getProgramInfoLog(this.program) ?? "");
    }
    /** @type {Map<string, WebGLUniformLocation | null>} */
    this.uniforms = new Map();
  }

  /** @param {string} name */
  uniform(name) {
    if (!this.uniforms.has(name)) this.uniforms.set(name, this.gl.getUniformLocation(this.program, name));
    return this.uniforms.get(name) ?? null;
  }

  /**
   * @param {string} name
   * @param {number} size
   * @param {number} type
   * @param {boolean} normalized
   * @param {number} stride
   * @param {number} offset
   * @param {number} divisor 1 for a value for each instance
   */
  attribute(name, size, type, normalized, stride, offset, divisor = 0) {
    const { gl } = this;
    const location = gl.getAttribLocation(this.program, name);
    if (location < 0) return;
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, size, type, normalized, stride, offset);
    gl.vertexAttribDivisor(location, divisor);
  }
}
