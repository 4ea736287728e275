/* A refusal or an error shows in its own place, so that nothing a person wrote is swapped away. A form with mistakes
   (422) and a conflict (409) are answers to what was asked: they go where the answer goes. */
import { listen } from "./document.js";
import { showToast } from "./toasts.js";

const ANSWERS = [409, 422];

listen("htmx:before:response", (event) => {
  const { response, hx } = event.detail.ctx;
  if (response.status < 400 || ANSWERS.includes(response.status)) return;
  hx.retarget = "#problem";
  hx.reswap = "innerHTML";
});

listen("htmx:after:request", (event) => {
  const context = event.detail.ctx;
  if (context.hx?.retarget !== "#problem" || !/<html/i.test(context.text)) return;
  context.text = "";
  showToast("That did not work. Try again in a moment; your text is still here.");
});

listen("htmx:error", () => showToast("The server could not be reached. Your text is kept."));
