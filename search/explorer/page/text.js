/** Texts of a store as they may be shown: they come from anywhere. */

/** Characters that move a cursor, turn the direction of writing, or show nothing. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

const MAX_LETTERS = 240;

/**
 * Return a text with unprintable characters escaped, cut in the middle when it is very long.
 * @param {string} text
 */
export function printable(text) {
  const letters = text.length > MAX_LETTERS ? `${text.slice(0, 150)} … ${text.slice(-80)}` : text;
  return letters.replace(UNPRINTABLE, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}

/** @param {number} count */
export function thousands(count) {
  return count.toLocaleString("en");
}

/** @param {number} distance */
export function distanceText(distance) {
  return distance.toFixed(4);
}
