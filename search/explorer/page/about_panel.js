/** What the page is of, and what the map shows and does not. */

import { byId, make } from "./dom.js";
import { printable, thousands } from "./text.js";

/** @import { Collection } from "./types.d.ts" */

/** @param {Collection} collection */
export function showAboutPanel({ facts, count, k, outside }) {
  document.title = `${printable(facts.store)} – Lookalike`;
  byId("store", HTMLElement).textContent = printable(facts.store);
  const whole = facts.selected === facts.total ? "the store" : "those that the filter selects";
  const items =
    count === facts.selected
      ? `${thousands(count)} items, all of ${whole}`
      : `${thousands(count)} of ${thousands(facts.selected)} items of ${whole}: a sample with each label's share. ` +
        `${thousands(outside.keys.length)} neighbours are not on the page and have a key and a distance only`;
  const lines = [
    ["Store", facts.store],
    ["Items", items],
    ...(facts.where.length ? [["Filter", facts.where.join(" and ")]] : []),
    ["Recipe", facts.recipe],
    ["Fingerprint", facts.fingerprint],
    ["Map", `${facts.layout}, seed ${facts.seed}`],
    ["Written", `${facts.date} by Lookalike ${facts.version}`],
  ];
  byId("facts", HTMLElement).replaceChildren(
    ...lines.flatMap(([name, text]) => [
      make("dt", { text: name }),
      make("dd", {}, make("bdi", { text: printable(text) })),
    ]),
  );
  byId("lists-note", HTMLElement).textContent =
    `Each item's ${k} nearest neighbours are exact: the same, in the same order and at the same distances, as lookalike query gives` +
    `${facts.where.length ? " with this filter" : ""}. Distances are Euclidean, not squared.`;
}
