/* Shortcuts: data-hotkey="c" or "g r" in the markup. They rest in fields, in dialogs, and when a person turned
   them off; Ctrl-K and Ctrl-Enter work always. */
import { openDialog } from "./dialogs.js";
import { find, listen } from "./document.js";
import { handleRowKey } from "./row-cursor.js";

const FIELDS = "input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable]";
const NEXT_KEY_WITHIN = 1000;

let firstKey = "";
let forgetting;

listen("keydown", (event) => {
  if (event.metaKey || event.ctrlKey) return withControl(event);
  if (event.altKey || event.isComposing) return;
  if (event.target.closest?.(FIELDS)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.documentElement.dataset.hotkeys === "off" || find("dialog[open]")) return;
  if (event.key === " " && event.target.closest?.("button,input,summary,select")) return;
  if (alone(event.key)) event.preventDefault();
});

function withControl(event) {
  if (event.key.toLowerCase() === "k") {
    event.preventDefault();
    openDialog("palette");
  } else if (event.key === "Enter") {
    const form = event.target.closest?.("form");
    if (!form) return;
    event.preventDefault();
    form.requestSubmit(find("button.button-primary:not([type=button])", form));
  }
}

/* True when the key did something. */
function alone(pressed) {
  if (pressed === "?") return openDialog("keys") || true;
  const key = pressed.toLowerCase();
  const name = firstKey ? `${firstKey} ${key}` : key;
  clearTimeout(forgetting);
  forgetting = setTimeout(() => {
    firstKey = "";
  }, NEXT_KEY_WITHIN);
  const hit = find(`[data-hotkey="${CSS.escape(name)}"]`);
  if (hit) {
    firstKey = "";
    if (hit.matches("input:not([type=radio]),textarea,select")) hit.focus();
    else hit.click();
    return true;
  }
  if (!firstKey && handleRowKey(key)) return true;
  firstKey = key.length === 1 ? key : firstKey;
  return false;
}
