/* Names after an @ in a comment: asks the server for the people who may be mentioned, while one types.
   The element <text-expander> is loaded where a composer is (templates/talk/_composer.html). */
import { find } from "./document.js";

/* The events of the element do not bubble. */
const onTheWayDown = { capture: true };

document.addEventListener(
  "text-expander-change",
  (event) => {
    if (event.detail.key === "@") event.detail.provide(suggestions(event.target, event.detail.text));
  },
  onTheWayDown,
);

document.addEventListener(
  "text-expander-value",
  (event) => {
    event.detail.value = event.detail.item.dataset.value;
  },
  onTheWayDown,
);

/* What <text-expander> shows for the text after the @. */
async function suggestions(expander, typed) {
  const form = new FormData(expander.closest("form"));
  const query = new URLSearchParams({ kind: form.get("kind"), object_id: form.get("object_id"), q: typed });
  const answer = await fetch(`${expander.dataset.address}?${query}`);
  if (!answer.ok) return { matched: false };
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fragment = find("[role=listbox]", page);
  return fragment?.children.length ? { matched: true, fragment } : { matched: false };
}
