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
    open(link, place);
  } else if (event.target.closest?.("#editor [data-close]")) {
    event.preventDefault();
    place.hidePopover();
  }
});

async function open(link, place) {
  opener = link;
  place.replaceChildren();
  await htmx.ajax("GET", link.href, { target: "#editor", swap: "innerHTML" });
  if (opener !== link || !place.childElementCount) return;
  if (!place.matches(":popover-open")) place.showPopover({ source: link });
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
  await htmx.ajax("GET", location.pathname + location.search, { target: "#log", swap: "outerMorph" });
  const link = find(`a[href="${place}"]`) ?? find("#rows .row-link");
  link?.focus({ preventScroll: true });
});
