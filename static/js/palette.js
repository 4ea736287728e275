/* The search that jumps: places are in the page, what was found comes by htmx into the same list box. */
import { find, findAll, listen } from "./document.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

const input = find("#palette input");
const list = find("#palette-list");
const options = () => findAll("[role=option]:not([hidden])", list);

/** Reset: no text, all places, the first one marked. */
export function resetPalette() {
  input.value = "";
  narrow();
}

function narrow() {
  const asked = input.value.trim().toLowerCase();
  for (const place of findAll("[data-place]", list)) {
    place.hidden = !place.textContent.toLowerCase().includes(asked);
  }
  if (!asked) find("#palette-found")?.replaceChildren();
  mark(options()[0]);
}

function mark(option) {
  for (const marked of findAll("[aria-selected=true]", list)) marked.setAttribute("aria-selected", "false");
  if (!option) return input.removeAttribute("aria-activedescendant");
  option.id ||= `palette-option-${Math.random().toString(36).slice(2, 8)}`;
  option.setAttribute("aria-selected", "true");
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

input?.addEventListener("input", narrow);
input?.addEventListener("keydown", (event) => {
  const all = options();
  const at = all.findIndex((option) => option.ariaSelected === "true");
  const step = STEPS[event.key];
  if (step && all.length) {
    event.preventDefault();
    mark(all[(at + step + all.length) % all.length]);
  } else if (event.key === "Enter" && all[at]) {
    event.preventDefault();
    all[at].click();
  }
});

listen("htmx:after:swap", () => {
  if (find("#palette")?.open && !find("[aria-selected=true]:not([hidden])", list)) mark(options()[0]);
});
