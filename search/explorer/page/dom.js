/** Make and find elements. Texts are set as text only: nothing of a store is ever markup. */

import { printable } from "./text.js";

/**
 * Return the element with this id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`expected an element ${id} of ${type.name}`);
  return element;
}

/**
 * Make an element with a class, a text and children.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {{ class?: string, text?: string, title?: string, attributes?: Record<string, string> }} [options]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  if (options.class) element.className = options.class;
  if (options.text !== undefined) element.textContent = options.text;
  if (options.title) element.title = options.title;
  for (const [name, value] of Object.entries(options.attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Make an element with a key, of which the folder is cut first where there is no room.
 * @param {string} key
 */
export function makeKey(key) {
  const text = printable(key);
  const end = text.lastIndexOf("/", text.length - 2) + 1;
  const parts = [make("span", { class: "folder", text: text.slice(0, end) }), make("span", { text: text.slice(end) })];
  return make("bdi", { class: "key", title: text }, ...(end ? parts : parts.slice(1)));
}

/**
 * Make a button.
 * @param {string} text
 * @param {() => void} click
 * @param {{ class?: string, title?: string, attributes?: Record<string, string> }} [options]
 */
export function makeButton(text, click, options = {}) {
  const button = make("button", { ...options, text, attributes: { type: "button", ...options.attributes } });
  button.addEventListener("click", click);
  return button;
}

/**
 * Return a function that runs another once before the next picture of the screen, however often it is called.
 * @param {() => void} work
 */
export function oncePerFrame(work) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      work();
    });
  };
}

/** Say something to readers of the screen. @param {string} text */
export function announce(text) {
  byId("status", HTMLElement).textContent = text;
}
