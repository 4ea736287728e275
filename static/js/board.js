/* The board: a card is dragged to another column, moved by its menu, or with Shift and an arrow key.
   A move that needs input opens its form. A refused move says why, and the card goes back. */
import { announce, find, findAll, listen } from "./document.js";
import { openEditor, showEditor } from "./editor.js";

let isChanged = false;
let moved = "";
let putBack;

/* Sortable is loaded when a pointer reaches the board, so pages that are only read do not fetch it. */
let loading;
listen("pointerover", (event) => {
  const board = event.target.closest?.("#board");
  if (board && !loading) loading = import(board.dataset.sortable).then(prepare);
});

function prepare() {
  for (const cards of findAll("#board [data-column]")) {
    if (window.Sortable.get(cards)) continue;
    window.Sortable.create(cards, {
      group: "board",
      sort: false,
      draggable: "[data-moves]",
      forceFallback: true,
      fallbackTolerance: 4,
      delay: 150,
      delayOnTouchOnly: true,
      animation: 120,
      onEnd: dropped,
    });
  }
}

function dropped({ item, from, to, oldIndex }) {
  if (from === to) return;
  move(item, to.dataset.column, () => from.insertBefore(item, from.children[oldIndex] ?? null));
}

/* back: puts the card where it was. */
async function move(card, column, back = () => {}) {
  const address = `${card.dataset.moves}${column}/`;
  moved = card.id;
  isChanged = false;
  if (find(`a[data-to="${column}"]`, card)) {
    putBack = back;
    await openEditor(address, card);
    return;
  }
  find("#editor").replaceChildren();
  const values = { version: card.dataset.version };
  await htmx.ajax("POST", address, { target: "#editor", swap: "innerHTML", values });
  if (isChanged) return;
  back();
  showEditor(card);
}

listen("rows-changed", () => {
  isChanged = true;
  putBack = undefined;
});

/* The form was closed without a change. */
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.id !== "editor" || event.newState !== "closed") return;
    putBack?.();
    putBack = undefined;
    find(`#${moved} .row-link`)?.focus({ preventScroll: true });
  },
  true,
);

listen("htmx:after:swap", () => {
  if (loading) loading.then(prepare);
  if (!isChanged || !moved) return;
  const card = document.getElementById(moved);
  if (!card) return;
  const column = card.closest("section")?.querySelector("h2")?.firstChild.textContent.trim();
  announce(`${card.dataset.card} is in ${column}`);
  find(".row-link", card)?.focus({ preventScroll: true });
  moved = "";
});

function moveByMenu(event) {
  const trigger = event.target.closest?.("#board [data-to]");
  if (!trigger || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  find(":popover-open", trigger.closest(".card"))?.hidePopover();
  trigger.closest(".menu")?.hidePopover();
  move(trigger.closest(".card"), trigger.dataset.to);
}
listen("submit", moveByMenu);
listen("click", (event) => {
  if (event.target.closest?.("a[data-to]")) moveByMenu(event);
});

const COLUMN_STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const CARD_STEPS = { ArrowUp: -1, ArrowDown: 1 };

listen("keydown", (event) => {
  const card = event.target.matches?.("#board .row-link") && event.target.closest(".card");
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  const column = card.closest("[data-column]");
  const columns = findAll("#board [data-column]");
  const cards = findAll(".card", column);
  if (event.key in CARD_STEPS) {
    focusOn(cards[cards.indexOf(card) + CARD_STEPS[event.key]], event);
  } else if (event.key in COLUMN_STEPS && event.shiftKey) {
    const next = columns[columns.indexOf(column) + COLUMN_STEPS[event.key]];
    event.preventDefault();
    if (next && card.dataset.moves) move(card, next.dataset.column);
  } else if (event.key in COLUMN_STEPS) {
    const onward =
      COLUMN_STEPS[event.key] < 0
        ? columns.slice(0, columns.indexOf(column)).reverse()
        : columns.slice(columns.indexOf(column) + 1);
    const next = onward.find((one) => find(".card", one));
    if (next) focusOn(findAll(".card", next)[cards.indexOf(card)] ?? find(".card", next), event);
  }
});

function focusOn(card, event) {
  if (!card) return;
  event.preventDefault();
  find(".row-link", card).focus();
}
