/* Files in a comment: what is dropped, pasted or chosen in a composer is attached at once, and the text of the
   comment gets its Markdown. Without this script the files are sent with the form. */
import { announce, csrfToken, find, listen } from "./document.js";

/* The composer that an event is in, or null. */
const composerOf = (event) => event.target.closest?.("form[data-attach]") ?? null;

listen("change", (event) => {
  const composer = composerOf(event);
  if (!composer || event.target.type !== "file") return;
  attach(composer, [...event.target.files]);
  event.target.value = "";
});

listen("paste", (event) => {
  const composer = composerOf(event);
  const files = [...(event.clipboardData?.files ?? [])];
  if (!composer || !files.length) return;
  event.preventDefault();
  attach(composer, files);
});

for (const type of ["dragover", "dragleave", "drop"]) {
  listen(type, (event) => {
    const composer = composerOf(event);
    if (!composer || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    composer.classList.toggle("composer-target", type === "dragover");
    if (type === "drop") attach(composer, [...event.dataTransfer.files]);
  });
}

/* Attach files one after another. The text shows a placeholder until the server has answered. */
async function attach(composer, files) {
  const field = find("textarea", composer);
  const errors = [];
  for (const file of files) {
    const placeholder = `[Uploading ${file.name} …]`;
    insert(field, placeholder);
    announce(`Uploading ${file.name}`);
    const { markdown, error } = await send(composer, file);
    replace(field, placeholder, markdown ?? "");
    if (error) errors.push(error);
    announce(error ?? `${file.name} attached`);
  }
  show(composer, errors.join(" "));
}

/* Send one file. Returns its Markdown, or the error. */
async function send(composer, file) {
  const body = new FormData();
  for (const name of ["kind", "object_id"]) body.set(name, composer.elements[name].value);
  body.set("file", file);
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  try {
    const answer = await fetch(composer.dataset.attach, { method: "POST", headers, body });
    return await answer.json();
  } catch {
    return { error: `${file.name} was not attached. Check your connection and try again.` };
  }
}

/** Put a text at the caret of a field, on a line of its own. */
function insert(field, text) {
  const before = field.value.slice(0, field.selectionStart);
  const gap = before && !before.endsWith("\n") ? "\n" : "";
  field.setRangeText(`${gap}${text}\n`, field.selectionStart, field.selectionEnd, "end");
}

/** Replace a placeholder by a text, and let the draft of the field know. */
function replace(field, placeholder, text) {
  const start = field.value.indexOf(placeholder);
  if (start < 0) return;
  field.setRangeText(text, start, start + placeholder.length, "preserve");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Show an error below the text; "" removes it. */
function show(composer, error) {
  const place = find(".composer-error", composer);
  place.textContent = error;
  place.hidden = !error;
}
