/* Arrow keys move between the cells of a heat map that hold something. */
import { find, listen } from "./document.js";

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

listen("keydown", (event) => {
  const link = event.target.closest?.("[data-heat-map] a");
  const step = STEPS[event.key];
  if (!link || !step) return;
  event.preventDefault();
  for (let cell = neighbour(link.closest("td"), step); cell; cell = neighbour(cell, step)) {
    const next = find("a", cell);
    if (next) return next.focus();
  }
});

function neighbour(cell, [down, right]) {
  let row = cell.parentNode;
  if (down) row = down < 0 ? row.previousElementSibling : row.nextElementSibling;
  return row?.cells[cell.cellIndex + right];
}
