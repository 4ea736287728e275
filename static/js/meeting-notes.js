/* Notes that several people write at once. The server refuses a text that was not written from the saved one, so
   nothing is overwritten; then both texts are shown, and a person saves the merged one. */
import { find, listen } from "./document.js";
import { showToast } from "./toasts.js";

const AFTER_TYPING = 800; // milliseconds
const TRY_AGAIN = 5000;
const STEPS = "#meeting-controls form, dialog form";
const MERGE_FIRST = "Save the merged text of these notes first, then go on.";
const OFFLINE = "Offline. Your text is kept here, and saved when the connection is back.";

let isSaving = false;
let timer;

const field = () => find("#notes");
const key = (notes) => `notes:${notes.form.action}`;
/* `defaultValue` is the text as the server has it. */
const isTyped = (notes) => notes.value !== notes.defaultValue;
const conflict = () => find("#notes-conflict");

function scheduleSave(wait = AFTER_TYPING) {
  clearTimeout(timer);
  timer = setTimeout(save, wait);
}

/* The server has this text now. state: its version, and the digest `was` of the text. */
function setSaved(notes, text, state) {
  notes.defaultValue = text;
  setState(notes, state);
}

function setState(notes, state) {
  for (const name of ["version", "was"]) notes.form.elements[name].value = state[name];
}

async function save() {
  const notes = field();
  if (!notes?.form || isSaving || conflict() || !isTyped(notes)) return;
  isSaving = true;
  const sent = notes.value;
  try {
    const answer = await send(notes, false);
    const state = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#note-state");
    if (!state) throw new Error("This is not an answer about notes.");
    if (answer.ok) {
      setSaved(notes, sent, state.dataset);
      localStorage.removeItem(key(notes));
    }
    find("#note-state").replaceWith(state);
    conflict()?.scrollIntoView({ block: "nearest" });
  } catch {
    find("#note-state").textContent = OFFLINE;
    scheduleSave(TRY_AGAIN);
  }
  isSaving = false;
  if (isTyped(notes) && notes.value !== sent) scheduleSave();
}

function send(notes, keepalive) {
  const body = new FormData(notes.form);
  return fetch(notes.form.action, { method: "POST", body, keepalive, headers: { "HX-Request": "true" } });
}

listen("input", (event) => {
  const notes = field();
  if (event.target !== notes) return;
  const kept = { text: notes.value, was: notes.form.elements.was.value, version: notes.form.elements.version.value };
  localStorage.setItem(key(notes), JSON.stringify(kept));
  scheduleSave();
});

/* The merged text is written from the saved one, which the person has seen. */
listen("click", (event) => {
  const button = event.target.closest("[data-merge]");
  if (!button) return;
  event.preventDefault();
  const notes = field();
  const merged = find("#notes-merged").value;
  setSaved(notes, button.dataset.saved, button.dataset);
  notes.value = merged;
  conflict().remove();
  if (isTyped(notes)) save();
  else localStorage.removeItem(key(notes));
});

/* A step, or the end of the meeting, would take the texts away that nobody has merged yet. It is stopped before
   htmx receives it. */
document.addEventListener(
  "submit",
  (event) => {
    if (!conflict() || !event.target.matches(STEPS)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    event.target.closest("dialog")?.close();
    conflict().scrollIntoView({ block: "center" });
    find("#notes-merged").focus();
    showToast(MERGE_FIRST);
  },
  true,
);

/* Another person's text arrived: show it, unless this person is writing. */
listen("htmx:after:swap", () => {
  const latest = find("#meeting-shown[data-notes]");
  const notes = field();
  if (!latest || !notes || conflict() || isTyped(notes)) return;
  notes.value = latest.dataset.notes;
  setSaved(notes, notes.value, latest.dataset);
});

/* What was typed before the page was loaded again, or before the connection was lost. */
function restore() {
  const notes = field();
  const kept = notes && JSON.parse(localStorage.getItem(key(notes)) ?? "null");
  if (!kept || kept.text === notes.value) return;
  setState(notes, kept);
  notes.value = kept.text;
  save();
}

addEventListener("online", () => scheduleSave(0));
addEventListener("pagehide", () => {
  const notes = field();
  if (notes?.form && isTyped(notes) && !conflict()) send(notes, true);
});
listen("submit", (event) => {
  if (event.target !== field()?.form) return;
  event.preventDefault();
  save();
});
restore();
