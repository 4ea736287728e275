/* Short messages in the corner: those the server rendered, and those of a header
   HX-Trigger: {"toast": {"text": ..., "undo": address}}. */
import { csrfToken, find, findAll, listen } from "./document.js";

const SHOWN = 5000;
const SHOWN_WITH_UNDO = 10000;
const LOOK_AGAIN = 2000;

const timers = new WeakMap();

/**
 * Show a message for five seconds, or ten when it can be undone.
 * @param {string} text
 * @param {string} [undo] the address that a POST undoes it at
 */
export function showToast(text, undo) {
  const same = !undo && findAll(".toast").find((one) => one.textContent === text);
  if (same) return removeLater(same);
  const toast = document.createElement("div");
  const words = document.createElement("span");
  toast.className = "toast";
  words.textContent = text;
  toast.append(words);
  if (undo) toast.append(undoForm(undo));
  find("#toasts")?.append(toast);
  removeLater(toast);
}

function undoForm(address) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  form.append(
    hiddenField("csrfmiddlewaretoken", csrfToken()),
    hiddenField("next", location.pathname + location.search),
    undoButton(),
  );
  return form;
}

function undoButton() {
  const button = Object.assign(document.createElement("button"), { textContent: "Undo" });
  button.dataset.hotkey = "u";
  return button;
}

function hiddenField(name, value) {
  return Object.assign(document.createElement("input"), { type: "hidden", name, value });
}

/* What is read or reached for stays. */
function removeLater(toast) {
  const remove = () => (toast.matches(":hover,:focus-within") ? wait(LOOK_AGAIN) : toast.remove());
  const wait = (milliseconds) => timers.set(toast, setTimeout(remove, milliseconds));
  clearTimeout(timers.get(toast));
  wait(find("form", toast) ? SHOWN_WITH_UNDO : SHOWN);
}

listen("toast", (event) => showToast(event.detail.text ?? event.detail.value ?? "", event.detail.undo));
for (const toast of findAll(".toast")) removeLater(toast);
