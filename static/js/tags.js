/* A field with several tags, separated by commas: the suggestions are for the tag after the last comma.
   Without this script the browser suggests the first tag only. */
import { find, findAll, listen } from "./document.js";

listen("input", (event) => {
  const field = event.target;
  if (field.getAttribute?.("list") !== "tag-names") return;
  const before = field.value.slice(0, field.value.lastIndexOf(",") + 1);
  const start = before && `${before} `;
  const taken = before.split(",").map((tag) => tag.trim());
  for (const option of findAll("option", find("#tag-names"))) {
    option.dataset.tag ??= option.value;
    option.value = taken.includes(option.dataset.tag) ? "" : start + option.dataset.tag;
  }
});
