/* The record bar: a click on what to record moves the focus to the line, the arrow keys choose it from the line, and
   a recorded line is cleared. */
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

/* A click and not a change: a click on the chosen one also leads to the line. */
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

/* The line that was sent last. Text that was typed after it stays in the field. */
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
