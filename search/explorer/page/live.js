/** The page of a service: it gets its data from there, and asks it. */

import { setBlocks } from "./bytes.js";
import { Client, Refused } from "./client.js";
import { byId, make, makeButton } from "./dom.js";
import { listenToPictures } from "./drop_zone.js";
import { askForKey } from "./key_dialog.js";
import { QueryPanel } from "./query_panel.js";
import { showFailure, startExplorer } from "./start.js";

/** Milliseconds between questions whether the map is made, and whether there is a newer one. */
const SOON = 2_000;
const LATER = 60_000;

async function startLive() {
  const client = new Client();
  byId("page-note", HTMLElement).textContent = "The page asks the service that it came from, and nothing else.";
  if (byId("live", HTMLElement).dataset.key === "needed" && !(await isLetIn(client))) await askForKey(client);
  const panel = new QueryPanel(client);
  listenToPictures(
    (picture) => panel.askPicture(picture),
    (reason) => panel.say(reason),
  );
  const tag = await loadData(client);
  panel.connect(await startExplorer((id) => panel.askItem({ id })));
  watchForNewer(client, tag);
}

/** Return whether the service takes the key that the tab has. @param {Client} client */
async function isLetIn(client) {
  if (!client.key) return false;
  try {
    await client.fetch("v1/store");
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return false;
    throw error;
  }
}

/**
 * Take the page's data, once they are made; return the tag of the answer.
 * @param {Client} client
 * @returns {Promise<string>}
 */
async function loadData(client) {
  for (;;) {
    const response = await client.fetch("v1/explorer");
    if (response.status === 200) {
      setBlocks(await response.arrayBuffer());
      return response.headers.get("ETag") ?? "";
    }
    byId("loading", HTMLElement).textContent = (await response.json()).detail;
    await new Promise((resolve) => setTimeout(resolve, SOON));
  }
}

/**
 * Offer to load the page again once the service has newer data.
 * @param {Client} client
 * @param {string} tag
 */
function watchForNewer(client, tag) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    const controller = new AbortController();
    try {
      const headers = { "If-None-Match": tag };
      const { status } = await client.fetch("v1/explorer", { headers, signal: controller.signal });
      if (status !== 200) return;
      clearInterval(timer);
      const reload = makeButton("Show the store as it is now", () => location.reload());
      document.querySelector("main")?.append(make("div", { attributes: { id: "newer", role: "status" } }, reload));
    } catch (error) {
      // Asked again later: a service may be away for a moment.
      if (!(error instanceof Refused)) throw error;
    } finally {
      // Its body is for the next page.
      controller.abort();
    }
  }, LATER);
}

startLive().catch(showFailure);
