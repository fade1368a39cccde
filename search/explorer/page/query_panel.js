/** Queries that the service answers: by a picture, or by any stored item; and what they found. */

import { Refused } from "./client.js";
import { takeFirst } from "./drop_zone.js";
import { announce, byId, make, makeButton } from "./dom.js";
import { distanceText, printable } from "./text.js";

/** @import { Client } from "./client.js" */
/** @import { MapView } from "./map.js" */
/** @import { Answer, AnsweredHit } from "./types.d.ts" */

/** The neighbours that are asked for first, by how many times more, and at most. */
const FEW = 20;
const MORE = 5;
const MOST = 1000;

/** How often a busy service is asked, and the pause after the first time, in milliseconds. */
const ATTEMPTS = 6;
const PAUSE_MS = 1000;

const HINT = "Drop a picture anywhere on this page, or paste one, to find those like it.";

export class QueryPanel {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** The map, once there is one. @type {MapView | null} */
    this.map = null;
    /** @type {Map<number, number>} */
    this.indexOf = new Map();
    /** Told apart from those before: only the last query is shown. */
    this.asked = 0;
    /** The URLs of pictures that are shown. @type {string[]} */
    this.urls = [];
    this.status = make("p", { class: "faint", text: HINT, attributes: { role: "status" } });
    this.found = make("div", {});
    const section = make(
      "section",
      {
        class: "panel pad",
        attributes: { id: "query", role: "tabpanel", "aria-labelledby": "tab-query", tabindex: "-1" },
      },
      make("div", { class: "buttons" }, this.#pictureButton(), this.#keyForm()),
      this.status,
      this.found,
    );
    this.tab = make("button", {
      text: "Query",
      attributes: { id: "tab-query", type: "button", role: "tab", "aria-controls": "query" },
    });
    byId("tab-filter", HTMLButtonElement).after(this.tab);
    byId("item", HTMLElement).before(section);
    document.body.dataset.tab = "query";
  }

  /** From now on hits are shown on a map. @param {MapView} map */
  connect(map) {
    this.map = map;
    this.indexOf = new Map(Array.from(map.state.collection.ids, (id, index) => [id, index]));
    this.tab.click();
  }

  #pictureButton() {
    const input = make("input", { class: "unseen", attributes: { type: "file", accept: "image/*", tabindex: "-1" } });
    input.setAttribute("aria-label", "A picture to search with");
    input.addEventListener("change", () => {
      takeFirst(
        input.files,
        (picture) => this.askPicture(picture),
        (reason) => this.say(reason),
      );
      input.value = "";
    });
    return make(
      "span",
      {},
      makeButton("Choose a picture", () => input.click()),
      input,
    );
  }

  #keyForm() {
    const input = make("input", {
      attributes: {
        type: "search",
        placeholder: "Key of an item",
        "aria-label": "Key of an item",
        autocomplete: "off",
      },
    });
    const form = make("form", { class: "by-key" }, input);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value) this.askItem({ key: input.value });
    });
    return form;
  }

  /** @param {string} text */
  say(text) {
    this.status.textContent = text;
  }

  /** @param {Blob} picture */
  askPicture(picture) {
    this.#ask((k) => this.client.searchPicture(picture, k), "like the picture", FEW, picture);
  }

  /** @param {{ id: number } | { key: string }} item */
  askItem(item) {
    this.#ask((k) => this.client.searchItem(item, k), "", FEW, null);
  }

  /**
   * @param {(k: number) => Promise<Answer>} search
   * @param {string} name
   * @param {number} k
   * @param {Blob | null} picture
   */
  async #ask(search, name, k, picture) {
    const asked = ++this.asked;
    this.tab.click();
    this.say("Searching…");
    try {
      const answer = await this.#patiently(() => search(k));
      if (asked !== this.asked) return;
      this.#show(answer, name || `nearest to ${printable(answer.query.asked)}`, picture);
      if (answer.hits.length === k && k < MOST) {
        const more = Math.min(MOST, k * MORE);
        this.found.append(makeButton("More", () => this.#ask(search, name, more, picture), { class: "more" }));
      }
    } catch (error) {
      if (asked !== this.asked) return;
      this.say(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * Ask again while the service is busy: it loads its network with the first picture.
   * @param {() => Promise<Answer>} search
   */
  async #patiently(search) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await search();
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 503 || attempt === ATTEMPTS) throw error;
        this.say("The service is busy: asking again…");
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
      }
    }
  }

  /**
   * @param {Answer} answer
   * @param {string} name
   * @param {Blob | null} picture
   */
  #show(answer, name, picture) {
    for (const url of this.urls.splice(0)) URL.revokeObjectURL(url);
    const { hits, query } = answer;
    const own = query.id ?? -1;
    const texts = make("div", {}, make("bdi", { class: "label big", text: query.label ? printable(query.label) : "" }));
    if (query.key !== undefined) texts.append(make("bdi", { class: "key", text: printable(query.key) }));
    const card = picture ? this.#image(picture, 132) : own >= 0 ? this.#picture(own, 132) : null;
    const items = hits.map(({ id }) => this.indexOf.get(id) ?? -1).filter((index) => index >= 0);
    const { map } = this;
    const buttons =
      map && items.length
        ? [
            makeButton("Select these", () => map.state.select(items)),
            makeButton("Show on the map", () => map.frame(items)),
          ]
        : [];
    this.found.replaceChildren(
      ...(card ? [make("div", { class: "card" }, card, texts)] : []),
      make("div", { class: "buttons" }, ...buttons),
      make(
        "ol",
        { class: "neighbours", attributes: { "data-keeps-tab": "" } },
        ...hits.map((hit) => make("li", {}, this.#row(hit))),
      ),
    );
    const count = hits.length === 1 ? "1 item" : `${hits.length} items`;
    this.say(`${count} ${name}`);
    announce(`${count} ${name}`);
    byId("query", HTMLElement).scrollTop = 0;
  }

  /** @param {AnsweredHit} hit */
  #row({ id, key, label, distance }) {
    const index = this.indexOf.get(id) ?? -1;
    const row = make(
      "button",
      { class: "row", attributes: { type: "button" } },
      this.#picture(id, 38),
      make(
        "span",
        { class: "texts" },
        make("bdi", { class: "label", text: label === null ? "no label" : printable(label) }),
        make("bdi", { class: "key", text: printable(key) }),
      ),
      make("span", { class: "note", text: distanceText(distance) }),
    );
    row.addEventListener("click", () => {
      if (this.map && index >= 0) this.map.state.pin(index);
      else this.askItem({ id });
    });
    return row;
  }

  /**
   * Return an item's picture: the map's, or else the service's thumbnail once it has come.
   * @param {number} id
   * @param {number} side in CSS pixels
   */
  #picture(id, side) {
    const index = this.indexOf.get(id) ?? -1;
    if (this.map && index >= 0 && this.map.pictures.has(index)) return this.map.pictures.canvas(index, side);
    const frame = make("span", { class: "none small" });
    const asked = this.asked;
    this.client.thumbnail(id).then(
      (png) => png && asked === this.asked && frame.replaceWith(this.#image(png, side)),
      () => undefined,
    );
    return frame;
  }

  /**
   * @param {Blob} blob
   * @param {number} side in CSS pixels
   */
  #image(blob, side) {
    const url = URL.createObjectURL(blob);
    this.urls.push(url);
    const image = make("img", { class: "picture", attributes: { alt: "", src: url } });
    image.style.width = image.style.height = `${side}px`;
    // The service reads kinds of pictures that not every browser shows.
    image.addEventListener("error", () => image.replaceWith(make("span", { class: "none", text: "no preview" })));
    return image;
  }
}
