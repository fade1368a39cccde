/** Ask for the API key of a service. */

import { Refused } from "./client.js";
import { make } from "./dom.js";

/** @import { Client } from "./client.js" */

/**
 * Ask until the service takes a key, which the client then has.
 * @param {Client} client
 * @returns {Promise<void>}
 */
export function askForKey(client) {
  const input = make("input", {
    attributes: { id: "api-key", type: "password", autocomplete: "off", spellcheck: "false", "aria-label": "API key" },
  });
  const problem = make("p", { class: "problem", attributes: { role: "alert" } });
  const form = make(
    "form",
    { attributes: { method: "dialog" } },
    make("h2", { text: "API key" }),
    make("p", { class: "faint", text: "This service answers only with its key. It is kept until this tab is closed." }),
    input,
    problem,
    make("button", { text: "Open", attributes: { type: "submit" } }),
  );
  const dialog = make("dialog", { class: "ask-key", attributes: { "aria-label": "API key" } }, form);
  document.body.append(dialog);
  // Without the key there is nothing behind it.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  return new Promise((resolve) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      problem.textContent = "";
      try {
        client.key = input.value.trim();
        await client.fetch("v1/store");
      } catch (error) {
        client.key = "";
        const wrong = error instanceof Refused && error.status === 401;
        problem.textContent = wrong ? "This is not its key." : String(error instanceof Error ? error.message : error);
        return;
      }
      dialog.remove();
      resolve();
    });
  });
}
