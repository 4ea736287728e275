/* The record bar: choosing what to record leads to the line, the arrow keys choose while one writes, and a recorded
   line makes room for the next. */
import { announce, find, findAll, listen } from "./document.js";

const PLACEHOLDERS = {
  decision: "What was decided? @who, when, because …",
  action: "What needs doing? @who, when",
  risk: "What may go wrong?",
  park: "What comes later?",
};
const STEPS = { ArrowUp: -1, ArrowDown: 1 };

const line = () => find("#record-line");
const choices = () => findAll("#record [name=record_as]");

function choose(choice) {
  choice.checked = true;
  line().placeholder = PLACEHOLDERS[choice.value];
  announce(`Record as ${choice.value}`);
}

/* A click, because choosing what is chosen already changes nothing, and leads to the line all the same. */
listen("click", (event) => {
  if (event.target.name !== "record_as") return;
  choose(event.target);
  line().focus();
});

listen("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || event.target !== line() || find("#record [role=listbox]")) return;
  event.preventDefault();
  const all = choices();
  const here = all.findIndex((choice) => choice.checked);
  choose(all[(here + step + all.length) % all.length]);
});

/* The line of the latest answer. What was typed since it was sent stays. */
let sent = "";

listen("htmx:after:request", (event) => {
  const { sourceElement, request } = event.detail.ctx;
  if (sourceElement?.id === "record") sent = request.body?.get("line") ?? "";
});

listen("recorded", () => {
  const field = line();
  if (field.value.startsWith(sent)) field.value = field.value.slice(sent.length);
  if (field.value) field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  announce("Recorded");
});
