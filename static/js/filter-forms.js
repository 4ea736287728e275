/* A filter form (data-auto) sends itself when a choice changes; its button is for those without scripts. */
import { listen } from "./document.js";

/* A search field was heard while it was typed in: leaving it says nothing new. */
function silenceSearch(event) {
  if (event.target.matches?.("form[data-auto] [type=search]")) event.stopPropagation();
}
document.addEventListener("change", silenceSearch, true);

listen("change", (event) => {
  const form = event.target.closest?.("form[data-auto]");
  if (form && !form.hasAttribute("hx-get")) form.requestSubmit();
});

/* One address is one step back. */
listen("htmx:before:history:update", (event) => {
  if (event.detail.history.path === location.pathname + location.search) event.preventDefault();
});
