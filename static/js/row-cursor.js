/* J and K go through the rows of a list, X chooses the one they are at. */
import { find, findAll } from "./document.js";

const STEPS = { j: 1, k: -1 };

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
  if (key !== "x" || at < 0) return false;
  find("[name=sel]", rows[at])?.click();
  return true;
}

function moveTo(row, from) {
  from?.classList.remove("current");
  row.classList.add("current");
  find("a", row)?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}
