/* A refused form says why at its top, which may be far above the button that was pressed. */
import { find, listen } from "./document.js";

const REFUSED = [409, 422];

function showRefusal() {
  const notice = find("main .notice[role=alert][tabindex]");
  notice?.focus({ preventScroll: true });
  notice?.scrollIntoView({ block: "center" });
}

listen("htmx:after:swap", (event) => {
  const context = event.detail.ctx;
  if (REFUSED.includes(context?.response?.status) && context.sourceEvent?.type === "submit") showRefusal();
});
showRefusal();
