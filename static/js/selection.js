/* Choosing rows of a list: one, a range with Shift, all; the bar that says how many and what can be done. */
import { find, findAll, listen } from "./document.js";

const boxes = () => findAll("[name=sel]");
let lastClicked;

function showBar() {
  const bar = find("#bulk");
  if (!bar) return;
  const count = findAll("[name=sel]:checked").length;
  bar.hidden = !count;
  find("[data-bulk-count]", bar).textContent = count;
}

function check(some, checked) {
  for (const box of some) box.checked = checked;
}

function extend(box, withRange) {
  if (withRange && lastClicked) {
    const all = boxes();
    const [from, to] = [all.indexOf(lastClicked), all.indexOf(box)].sort((one, other) => one - other);
    check(all.slice(from, to + 1), box.checked);
  }
  lastClicked = box;
}

listen("click", (event) => {
  if (event.target.matches("[data-all]")) check(boxes(), event.target.checked);
  if (event.target.closest("[data-bulk-clear]")) check(findAll("[name=sel],[data-all]"), false);
  if (event.target.matches("[name=sel]")) extend(event.target, event.shiftKey);
  showBar();
});
listen("htmx:after:swap", showBar);
showBar();
