/* Editing one value in place: a link to /set/… leads to its form, which opens over the page.
   Escape or Cancel closes it, and the focus returns to the link.
   After a change the list under it reloads its rows. */
import { find, listen } from "./document.js";

const EDITS = 'a[href*="/set/"]';

let opener;

listen("click", (event) => {
  const link = event.target.closest?.(EDITS);
  const place = find("#editor");
  if (link && place && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    openEditor(link.href, link);
  } else if (event.target.closest?.("#editor [data-close]")) {
    event.preventDefault();
    place.hidePopover();
  }
});

/**
 * Show the form of an address beside an element.
 * @param {string} address
 * @param {HTMLElement} source
 */
export async function openEditor(address, source) {
  opener = source;
  find("#editor").replaceChildren();
  await htmx.ajax("GET", address, { target: "#editor", swap: "innerHTML" });
  if (opener === source) showEditor(source);
}

/**
 * Show what the editor has got, such as a refused form, beside an element.
 * @param {HTMLElement} source
 */
export function showEditor(source) {
  const place = find("#editor");
  if (!place.childElementCount) return;
  if (!place.matches(":popover-open")) place.showPopover({ source });
  focusFirst();
}

function focusFirst() {
  find("#editor :is(select, input:not([type=hidden]), textarea, a, button)")?.focus();
}

/* A step of the state has its own form, and a refused form comes back. */
listen("htmx:after:swap", () => {
  const place = find("#editor:popover-open");
  if (place && !place.contains(document.activeElement)) focusFirst();
});

listen("rows-changed", async () => {
  const place = opener?.getAttribute("href");
  find("#editor:popover-open")?.hidePopover();
  const list = find("#board") ? "#board" : "#log";
  await htmx.ajax("GET", location.pathname + location.search, { target: list, swap: "outerMorph" });
  if (list === "#board") return; // board.js knows the card
  const link = find(`a[href="${place}"]`) ?? find("#rows .row-link");
  link?.focus({ preventScroll: true });
});
