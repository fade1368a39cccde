/** A list of any number of items, of which only the rows in view are in the page: rows have one height. */

import { labelOf } from "./collection.js";
import { make, makeKey, oncePerFrame } from "./dom.js";
import { printable } from "./text.js";

/** @import { Listing } from "./types.d.ts" */
/** @import { Pictures } from "./pictures.js" */
/** @import { State } from "./state.js" */

const ROW = 48;

export class ItemList {
  /**
   * @param {HTMLElement} box with role listbox, which scrolls
   * @param {State} state
   * @param {Pictures} pictures
   */
  constructor(box, state, pictures) {
    this.box = box;
    this.state = state;
    this.pictures = pictures;
    /** @type {number[]} */
    this.items = [];
    /** @type {Partial<Listing>} */
    this.texts = {};
    this.active = -1;
    this.inner = make("div", { class: "rows" });
    box.append(this.inner);
    this.render = oncePerFrame(() => this.#render());
    box.addEventListener("scroll", this.render);
    box.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("blur", () => state.hover(-1));
    new ResizeObserver(this.render).observe(box);
    state.onChange((change) => {
      if (change === "selection" || change === "pin") this.render();
    });
  }

  /**
   * Show these items, in this order, with the texts of a listing.
   * @param {{ items: number[] } & Partial<Listing>} listing
   */
  show({ items, ...texts }) {
    this.items = items;
    this.texts = texts;
    this.active = Math.min(this.active, items.length - 1);
    this.inner.style.height = `${items.length * ROW}px`;
    this.render();
  }

  /** Go back to before the first row. */
  restart() {
    this.active = -1;
    this.box.scrollTop = 0;
  }

  #render() {
    const { box, items, inner } = this;
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 3);
    const last = Math.min(items.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + 3);
    const rows = [];
    for (let at = first; at < last; at++) rows.push(this.#row(at));
    inner.replaceChildren(...rows);
    if (this.active >= first && this.active < last) {
      box.setAttribute("aria-activedescendant", `${box.id}-${this.active}`);
    } else box.removeAttribute("aria-activedescendant");
  }

  /** @param {number} at */
  #row(at) {
    const { state, box } = this;
    const item = this.items[at];
    const { collection } = state;
    const label = labelOf(collection, item);
    const hint = this.texts.hint?.(item) ?? "";
    const starts = at > 0 && this.texts.starts?.(item);
    const mark = make("span", { class: "mark", attributes: { "aria-hidden": "true" } });
    const row = make(
      "div",
      {
        class: `row${item === state.pinned ? " pinned" : ""}${at === this.active ? " active" : ""}${starts ? " starts" : ""}`,
        attributes: {
          role: "option",
          id: `${box.id}-${at}`,
          "aria-selected": String(state.selected[item] === 1),
          "aria-setsize": String(this.items.length),
          "aria-posinset": String(at + 1),
        },
      },
      mark,
      this.pictures.canvas(item, 38),
      make(
        "span",
        { class: "texts" },
        make(
          "span",
          { class: "labels", title: printable(`${label ?? "no label"} ${hint}`) },
          make("bdi", { class: "label", text: label === null ? "no label" : printable(label) }),
          ...(hint ? [" ", make("bdi", { class: "hint", text: hint })] : []),
        ),
        makeKey(collection.keys[item]),
      ),
      make("span", { class: "note", text: this.texts.note?.(item) ?? "" }),
    );
    row.style.top = `${at * ROW}px`;
    mark.addEventListener("click", (event) => {
      event.stopPropagation();
      state.select([item], !state.selected[item]);
    });
    row.addEventListener("click", () => {
      this.active = at;
      state.pin(item);
    });
    row.addEventListener("pointerenter", () => state.hover(item));
    row.addEventListener("pointerleave", () => state.hover(-1));
    return row;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { items, state, box } = this;
    const page = Math.max(1, Math.floor(box.clientHeight / ROW) - 1);
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -items.length, End: items.length };
    if (!items.length) return;
    if (event.key in steps) {
      this.active = Math.min(items.length - 1, Math.max(0, this.active + steps[event.key]));
      const top = this.active * ROW;
      box.scrollTop = Math.min(top, Math.max(box.scrollTop, top + ROW - box.clientHeight));
      state.pin(items[this.active]);
      // As if it were pointed at: its card has its neighbours.
      state.hover(items[this.active]);
    } else if (event.key === " " && this.active >= 0) {
      state.select([items[this.active]], !state.selected[items[this.active]]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.render();
  }
}
