/* What a person writes in a field with data-draft="R-142:comment" is kept here until the server has taken it.
   After Back, a form has the key with which it was sent. */
import { findAll, listen } from "./document.js";

const key = (field) => `draft:${field.dataset.draft}`;

function forget(form) {
  for (const field of findAll("[data-draft]", form)) localStorage.removeItem(key(field));
}

const wasTypedOn = (form, body) =>
  findAll("[data-draft]", form).some((field) => body?.has?.(field.name) && body.get(field.name) !== field.value);

function restore() {
  for (const field of findAll("[data-draft]")) {
    const kept = localStorage.getItem(key(field));
    if (kept && !field.value) field.value = kept;
  }
}

listen("input", (event) => {
  if (event.target.dataset?.draft) localStorage.setItem(key(event.target), event.target.value);
});

listen("htmx:after:request", (event) => {
  const { sourceElement, request, response } = event.detail.ctx ?? {};
  const form = sourceElement?.closest?.("form") || event.target.closest?.("form");
  if (!form || (response?.status ?? 500) >= 300 || wasTypedOn(form, request?.body)) return;
  forget(form);
  if (form.matches("[data-clear]")) form.reset();
});

const keys = history.state?.once ?? {};
for (const { action, once } of document.forms) {
  if (once && keys[action]) once.value = keys[action];
}

listen("submit", ({ defaultPrevented, target }) => {
  if (defaultPrevented || target.matches("[hx-post],[hx-put],[hx-patch]")) return;
  forget(target);
  if (!target.once) return;
  keys[target.action] = target.once.value;
  history.replaceState({ ...history.state, once: keys }, "");
});

listen("htmx:after:swap", restore);
restore();
