/* Peek: P or Space shows the row at the cursor in a panel beside the list.
   J and K show the next and the previous row. Escape closes the panel.
   The focus goes into the panel, and back to the row. */
import { announce, find, listen } from "./document.js";

const PEEK = 'a[href$="/peek/"]';

let shown;

/**
 * Whether the panel is open.
 * @returns {boolean}
 */
export const isPeeking = () => find("#peek:not([hidden])") !== null;

/**
 * Show a row in the panel, or close it if it shows this row.
 * @param {HTMLElement} row
 * @param {boolean} [keepsFocus] the reader goes on through the rows
 * @returns {boolean} whether there is something to show
 */
export function peekAt(row, keepsFocus = false) {
  const link = find(PEEK, row);
  if (!link) return false;
  if (isPeeking() && shown === row.id) closePeek();
  else show(row, link, keepsFocus);
  return true;
}

async function show(row, link, keepsFocus) {
  const panel = find("#peek");
  shown = row.id;
  await htmx.ajax("GET", link.href, { target: "#peek", swap: "innerHTML" });
  if (shown !== row.id) return;
  panel.hidden = false;
  announce(`${row.id}: ${find("h2", panel)?.textContent.trim() ?? ""}`);
  if (!keepsFocus) panel.focus();
}

function closePeek() {
  const row = document.getElementById(shown);
  shown = "";
  find("#peek").hidden = true;
  find(".row-link", row ?? document)?.focus();
}

listen("click", (event) => {
  const link = event.target.closest?.(PEEK);
  if (link && find("#peek") && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    peekAt(link.closest("[data-row]"));
  }
  if (event.target.closest?.("#peek [data-close]")) closePeek();
});

listen("keydown", (event) => {
  if (!isPeeking() || event.key !== "Escape" || find("dialog[open], :popover-open")) return;
  event.preventDefault();
  closePeek();
});
