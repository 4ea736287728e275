/* The sample of a mapping as a tree of buttons. A click writes the path of a value into the field that was
   clicked before: relative to the item inside the list of items, else from the body with a leading slash.
   Without this file the paths are typed. */
import { find, listen } from "./document.js";

const MOST = 400; // buttons of a large sample
let active;

const escaped = (name) => String(name).replaceAll("~", "~0").replaceAll("/", "~1");
const pathOf = (names) => names.map(escaped).join("/");
const itemsField = () => find("[name=items]");

/** Return the path as the mapping writes it: in the item, or "/…" from the body. */
function mappedPath(names) {
  const items = itemsField().value.split("/").filter(Boolean);
  const isInside = items.every((name, index) => escaped(names[index]) === name);
  if (!isInside) return `/${pathOf(names)}`;
  const rest = names.slice(items.length);
  return pathOf(typeof rest[0] === "number" ? rest.slice(1) : rest);
}

/** Return the path of the outermost list that a value is in, for the field of the items. */
function listPath(names, value) {
  if (Array.isArray(value)) return pathOf(names);
  const index = names.findIndex((name) => typeof name === "number");
  return pathOf(index < 0 ? names.slice(0, -1) : names.slice(0, index));
}

function choose(names, value) {
  const field = active ?? itemsField();
  field.value = field.name === "items" ? listPath(names, value) : mappedPath(names);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  find("[data-sample-tree] [aria-pressed=true]")?.setAttribute("aria-pressed", "false");
}

function button(names, value, label) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "mapping-value";
  made.textContent = label;
  made.addEventListener("click", () => {
    choose(names, value);
    made.setAttribute("aria-pressed", "true");
  });
  return made;
}

function branch(value, names, budget) {
  const list = document.createElement("ul");
  const entries = Array.isArray(value) ? value.map((one, index) => [index, one]) : Object.entries(value);
  for (const [name, one] of entries) {
    budget.left -= 1;
    if (budget.left < 0) break;
    const row = document.createElement("li");
    const isBranch = one !== null && typeof one === "object";
    const kind = Array.isArray(one) ? `[${one.length}]` : "{…}";
    row.append(button([...names, name], one, `${name}: ${isBranch ? kind : JSON.stringify(one)}`));
    if (isBranch) row.append(branch(one, [...names, name], budget));
    list.append(row);
  }
  return list;
}

function draw() {
  const tree = find("[data-sample-tree]");
  const text = find("[data-sample]");
  if (!tree || !text) return;
  try {
    const value = JSON.parse(text.value);
    tree.replaceChildren(branch(value !== null && typeof value === "object" ? value : {}, [], { left: MOST }));
    tree.hidden = false;
  } catch {
    tree.hidden = true; // the server names the line that is wrong
  }
}

listen("focusin", (event) => {
  if (!event.target.matches("[data-path]")) return;
  active?.removeAttribute("data-active");
  active = event.target;
  active.setAttribute("data-active", "");
});
listen("input", (event) => {
  if (event.target.matches("[data-sample]")) draw();
});
listen("htmx:after:swap", draw);
draw();
