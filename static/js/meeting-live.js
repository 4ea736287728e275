/* The page of a live meeting follows the meeting. Somebody who is writing stays on the item that the text is about. */
import { announce, find, findAll, listen } from "./document.js";

history.scrollRestoration = "manual";

const ENDED = "The meeting has ended. What you were writing is not in its minutes: copy it.";

const isEdited = (field) => field.value !== field.defaultValue;

/* Whether a text about the item on the page is not recorded yet. */
function isWriting() {
  return findAll(".meeting-stage textarea,.meeting-stage input[type=text]").some(isEdited);
}

listen("meeting-ended", (event) => {
  if (!isWriting()) return location.replace(event.detail.address);
  find("#pulse")?.remove();
  const badge = find(".live");
  if (badge) badge.textContent = "Ended";
  for (const notice of findAll("#meeting-now,#record-said")) notice.textContent = ENDED;
  find("#record-said")?.classList.add("text-bad");
  announce("The meeting has ended.");
});

listen("meeting-moved", (event) => {
  const { address } = event.detail;
  const shown = find(".meeting-stage")?.dataset.shown;
  if (isWriting() && shown) {
    announce("The meeting moved on. You stay on this item, because your text is not recorded yet.");
    location.replace(`${address}?item=${shown}`);
  } else {
    location.replace(address);
  }
});
