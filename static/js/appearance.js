/* Theme and shortcuts: a form with buttons. Here it is sent without a new page. */
import { findAll, listen } from "./document.js";
import { showToast } from "./toasts.js";

listen("submit", (event) => {
  const form = event.target.closest("[data-appearance]");
  const button = event.submitter;
  if (!form || !button) return;
  event.preventDefault();
  document.documentElement.dataset[button.name === "theme" ? "theme" : "hotkeys"] = button.value;
  for (const choice of findAll(`[data-appearance] button[name=${button.name}]`)) {
    choice.setAttribute("aria-pressed", choice.value === button.value);
  }
  const body = new FormData(form, button);
  fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() =>
    showToast("This could not be kept for next time."),
  );
});
