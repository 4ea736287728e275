/* The few words that every other module uses. */

/**
 * The first element that a selector names, or null.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement | null}
 */
export const find = (selector, within = document) => within.querySelector(selector);

/**
 * All elements that a selector names, as an array.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement[]}
 */
export const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

/**
 * Listen on the document, for what is there now and what htmx swaps in later.
 * @param {string} type
 * @param {(event: Event) => void} handle
 */
export const listen = (type, handle) => document.addEventListener(type, handle);

/**
 * Tell a screen reader, politely.
 * @param {string} text
 */
export function announce(text) {
  const region = find("#say");
  if (region) region.textContent = text;
}

/**
 * The token that Django wants with every POST; htmx has it in a header of the body.
 * @returns {string} empty when the page has none
 */
export function csrfToken() {
  const headers = document.body.getAttribute("hx-headers:inherited");
  return headers ? JSON.parse(headers)["X-CSRFToken"] : "";
}
