/** The tabs of the panels. In a narrow window the filter is one of them. */

import { byId } from "./dom.js";

/** @import { State } from "./state.js" */

/** @param {State} state */
export function showTabs(state) {
  const tabs = Array.from(document.querySelectorAll("[role=tab]"), ({ id }) => id.replace("tab-", ""));
  const open = (/** @type {string} */ name) => {
    document.body.dataset.tab = name;
    for (const tab of tabs) {
      const button = byId(`tab-${tab}`, HTMLButtonElement);
      button.setAttribute("aria-selected", String(tab === name));
      button.tabIndex = tab === name ? 0 : -1;
    }
  };
  for (const name of tabs) {
    const button = byId(`tab-${name}`, HTMLButtonElement);
    button.addEventListener("click", () => open(name));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const visible = tabs.filter((tab) => byId(`tab-${tab}`, HTMLButtonElement).offsetParent);
      const next = visible[(visible.indexOf(name) + step + visible.length) % visible.length];
      open(next);
      byId(`tab-${next}`, HTMLButtonElement).focus();
    });
  }
  // Whoever walks along a list wants to see the list.
  state.onChange((change) => {
    if (change !== "pin" || state.pinned < 0) return;
    if (!document.activeElement?.closest("[role=listbox], [data-keeps-tab]")) open("item");
  });
  open(state.collection.facts.listing ? "list" : "item");
}
