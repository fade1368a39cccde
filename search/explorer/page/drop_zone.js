/** Pictures that are dropped on the page, pasted into it, or chosen. */

import { make } from "./dom.js";

/** The most bytes that the service takes. */
const MAX_BYTES = 20_000_000;

/**
 * Call `take` with each picture that is dropped or pasted anywhere, and `refuse` with the reason for anything else.
 * @param {(picture: Blob) => void} take
 * @param {(reason: string) => void} refuse
 */
export function listenToPictures(take, refuse) {
  const hint = make("div", { text: "Drop the picture to find those like it", attributes: { id: "drop", hidden: "" } });
  document.body.append(hint);
  const bringsFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    // Otherwise the browser would open the file in place of the page.
    event.preventDefault();
    hint.hidden = !bringsFile(event);
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) hint.hidden = true;
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    hint.hidden = true;
    takeFirst(event.dataTransfer?.files, take, refuse);
  });
  addEventListener("paste", (event) => {
    if (event.target instanceof HTMLInputElement && !event.clipboardData?.files.length) return;
    takeFirst(event.clipboardData?.files, take, refuse);
  });
}

/**
 * Take the first of some files.
 * @param {FileList | null | undefined} files
 * @param {(picture: Blob) => void} take
 * @param {(reason: string) => void} refuse
 */
export function takeFirst(files, take, refuse) {
  const file = files?.[0];
  if (!file) refuse("That was no file: save the picture first, or copy the picture itself.");
  else if (file.type && !file.type.startsWith("image/")) refuse("That is no picture.");
  else if (file.size > MAX_BYTES) refuse("The picture has more than 20 MB: make it smaller.");
  else take(file);
}
