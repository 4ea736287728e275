/* Notes that several people write. `defaultValue` holds them as the server last said; what is being typed is never
   replaced. */
import { find, listen } from "./document.js";

const isTyped = (notes) => notes.value !== notes.defaultValue;

listen("htmx:after:swap", () => {
  const latest = find("#meeting-shown[data-notes]");
  const notes = find("#notes");
  if (!latest || !notes || (isTyped(notes) && notes.value !== latest.dataset.notes)) return;
  if (notes.value !== latest.dataset.notes) notes.value = latest.dataset.notes;
  notes.defaultValue = notes.value;
  for (const name of ["version", "was"]) {
    const field = notes.form.elements[name];
    if (field) field.value = latest.dataset[name];
  }
});

addEventListener("pagehide", () => {
  const notes = find("#notes");
  if (!notes?.form || !isTyped(notes)) return;
  const body = new FormData(notes.form);
  fetch(notes.form.action, { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } });
});
