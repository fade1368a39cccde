/** The colours and shapes of values: twenty colours, those of the figures, times six shapes. */

/** @import { Facet, Rgb, Style } from "./types.d.ts" */

export const SHAPES = ["circle", "square", "diamond", "triangle", "ring", "cross"];

/** @type {Rgb} */
const GREY = [150, 157, 165];

/**
 * @param {string} text as in #17a2eb
 * @returns {Rgb}
 */
export function rgbOf(text) {
  const number = parseInt(text.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

/** @param {Rgb} colour */
export function cssOf([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

/** @param {number} value from 0 to 1 */
const linear = (value) => (value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92);

/** @param {number} value from 0 to 1 */
const encoded = (value) => (value > 0.0031308 ? 1.055 * value ** (1 / 2.4) - 0.055 : 12.92 * value);

/**
 * Return a colour of OKLab, as near as sRGB has it. Ottosson, "A perceptual color space for image processing", 2020.
 * @param {number} lightness from 0 to 1
 * @param {number} a
 * @param {number} b
 * @returns {Rgb}
 */
export function fromOklab(lightness, a, b) {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channels = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((value) => Math.round(255 * Math.min(1, Math.max(0, encoded(value)))));
  return /** @type {Rgb} */ (channels);
}

/**
 * @param {Rgb} colour
 * @returns {[number, number, number]} lightness, a and b of OKLab
 */
export function toOklab(colour) {
  const [red, green, blue] = colour.map((value) => linear(value / 255));
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/**
 * Return a colour as light as a dark background needs; their order of lightness stays.
 * @param {Rgb} colour
 * @returns {Rgb}
 */
export function forDark(colour) {
  const [lightness, a, b] = toOklab(colour);
  return fromOklab(0.58 + 0.36 * lightness, a, b);
}

/**
 * Return the style of each of a facet's values: in order from dark to light if they are ordered, otherwise as far apart
 * as can be. Values beyond the 120th are grey.
 * @param {Facet} facet
 * @param {string[]} palette
 * @param {boolean} dark
 * @returns {Style[]}
 */
export function stylesOf(facet, palette, dark) {
  const missing = facet.names.length - 1;
  return facet.names.map((name, code) => {
    if (code === missing && (name === "(none)" || name === "cannot be told")) return { colour: GREY, shape: 0 };
    if (facet.ordered) return { colour: ramp(code / Math.max(1, facet.names.length - 1), dark), shape: 0 };
    const shape = Math.floor(code / palette.length);
    if (shape >= SHAPES.length) return { colour: GREY, shape: 0 };
    const colour = rgbOf(palette[code % palette.length]);
    return { colour: dark ? forDark(colour) : colour, shape };
  });
}

/**
 * Return a colour between orange, for 0, and blue, for 1, by hue and lightness both.
 * @param {number} share
 * @param {boolean} dark
 */
function ramp(share, dark) {
  const hue = ((45 + share * 215) * Math.PI) / 180;
  const lightness = dark ? 0.86 - 0.2 * share : 0.68 - 0.22 * share;
  return fromOklab(lightness, 0.15 * Math.cos(hue), 0.15 * Math.sin(hue));
}
