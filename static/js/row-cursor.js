/* J and K go through the rows of a list. X chooses the one they are at; O, S, L and D edit its owner, state, level and
   date. P or Space shows it beside the list. */
import { find, findAll } from "./document.js";
import { isPeeking, peekAt } from "./peek.js";

const STEPS = { j: 1, k: -1 };
const EDITORS = { o: "owner", s: "state", l: "level", d: "review" };

/**
 * Move the cursor, or choose its row.
 * @param {string} key
 * @returns {boolean} whether there was something to do
 */
export function handleRowKey(key) {
  const rows = findAll("[data-row]");
  const at = rows.findIndex((row) => row.classList.contains("current"));
  if (!rows.length) return false;
  if (key in STEPS) {
    moveTo(rows[Math.max(0, Math.min(rows.length - 1, at + STEPS[key]))], rows[at]);
    return true;
  }
  if (at < 0) return false;
  if (key in EDITORS) return edit(rows[at], EDITORS[key]);
  if (key === "p" || key === " ") return peekAt(rows[at]);
  if (key !== "x") return false;
  find("[name=sel]", rows[at])?.click();
  return true;
}

function edit(row, name) {
  const link = find(`a[href$="/set/${name}/"]`, row);
  link?.click();
  return Boolean(link);
}

function moveTo(row, from) {
  from?.classList.remove("current");
  row.classList.add("current");
  find("a", row)?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  if (isPeeking() && row !== from) peekAt(row, true);
}
