import assert from "node:assert/strict";
import test from "node:test";

import {
  duplicateListing,
  hitListing,
  shownListing,
  suspectListing,
} from "../../../../search/explorer/page/listings.js";
import { fiveItems } from "./collection.js";

/** @import { Listing } from "../../../../search/explorer/page/types.d.ts" */

/** @param {Listing} listing */
const rows = ({ items, hint, note, starts }) =>
  items.map((item) => [item, hint(item), note(item), starts(item) ? "first" : ""].join("|"));

test("suspects have the label that they rather have, and how likely theirs is wrong where that was tried", () => {
  const collection = fiveItems();
  collection.facts.suspectsNote = "2 of 4 items";
  collection.suspects = [
    { index: 2, said: "cat", margin: 1, confidence: 0.956 },
    { index: 3, said: "cat", margin: 1, confidence: 0.0049 },
    { index: 0, said: "\u202edog", margin: 0.5, confidence: null },
  ];
  const listing = suspectListing(collection);
  assert.deepEqual(rows(listing), ["2|rather cat|96 %|", "3|rather cat|< 1 %|", "0|rather \\u202edog||"]);
  assert.equal(listing.about, "2 of 4 items; at the right, how likely their label is wrong");
  collection.suspects = collection.suspects.slice(2);
  assert.equal(suspectListing(collection).about, "2 of 4 items");
});

test("near-duplicates come in groups, the nearest first, with their distances from the first", () => {
  const collection = fiveItems();
  const listing = duplicateListing(collection, 1.5);
  assert.deepEqual(rows(listing), ["0||group 1|first", "1||0.2500|", "2||group 2|first", "3||1.5000|"]);
  assert.equal(listing.about, "2 groups within 1.5000, 2 items more than one of each. Look before you delete.");
  assert.deepEqual(duplicateListing(collection, 0.1).items, []);
});

test("groups that were found beforehand are listed at their distance only", () => {
  const collection = fiveItems();
  collection.groups = [[3, 4]];
  assert.deepEqual(rows(duplicateListing(collection, collection.facts.radius)), ["3||group 1|first", "4|||"]);
  assert.deepEqual(rows(duplicateListing(collection, 0.3)), ["0||group 1|first", "1||0.2500|"]);
});

test("hits of a query are listed with their distances, and those that are not on the page are counted", () => {
  const collection = fiveItems();
  collection.query = { name: "a vector", item: -1, hits: [3, 1], distances: [0.5, 0.75], total: 4 };
  const listing = hitListing(collection);
  assert.deepEqual(rows(listing), ["3||0.5000|", "1||0.7500|"]);
  assert.equal(listing.about, "Nearest to a vector; 2 more are not on this page.");
});

test("all that are shown are listed in their order", () => {
  assert.deepEqual(rows(shownListing(new Uint8Array([0, 1, 0, 1]))), ["1|||", "3|||"]);
});
