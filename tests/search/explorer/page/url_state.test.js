import assert from "node:assert/strict";
import test from "node:test";

import { printable } from "../../../../search/explorer/page/text.js";
import { hashOf, packIds, stateOf, unpackIds } from "../../../../search/explorer/page/url_state.js";

const STATE = {
  x: 0.25,
  y: 0.75,
  zoom: 3,
  pinned: 40,
  colour: "a & b",
  query: "käse #1",
  filters: /** @type {[string, string[]][]} */ ([["label", ["cat", '"dog"=1']]]),
  selected: [3, 4, 5, 40],
};

test("a hash brings back what it was made of", () => {
  assert.deepEqual(stateOf(`#${hashOf(STATE)}`), STATE);
});

test("ids are packed as runs", () => {
  assert.equal(packIds([3, 4, 5, 40]), "3+2.z");
  assert.deepEqual(unpackIds("3+2.z"), [3, 4, 5, 40]);
  assert.deepEqual(unpackIds(packIds([])), []);
});

test("a hash that means nothing shows everything", () => {
  const start = { x: 0.5, y: 0.5, zoom: 1, pinned: null, colour: null, query: "", filters: [], selected: [] };
  assert.deepEqual(stateOf(""), start);
  assert.deepEqual(stateOf("#at=a,7,-1&pin=x&filter=[&selected=%00"), start);
  assert.deepEqual(unpackIds("1+zzzzzzzz"), []);
});

test("what moves a cursor, turns the direction or shows nothing is escaped, and long texts are cut", () => {
  assert.equal(printable("a\u001b[2J\u202e<b>\u200b"), "a\\u001b[2J\\u202e<b>\\u200b");
  assert.equal(printable("猫 and é"), "猫 and é");
  assert.equal(printable("x".repeat(10_000)).length, 233);
});
