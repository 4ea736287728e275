/* <meeting-timer ends="ISO" now="ISO" total="720" [paused="291"]>: the server owns the end, this counts down. */
import { announce, find } from "./document.js";

const LAST_MINUTE = 60;

class MeetingTimer extends HTMLElement {
  static observedAttributes = ["ends", "total", "paused"];

  connectedCallback() {
    this.interval = setInterval(() => this.draw(), 1000);
    this.synchronise();
  }

  disconnectedCallback() {
    clearInterval(this.interval);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.synchronise();
  }

  /* The clock of this computer may be wrong, so the time of the server corrects it. */
  synchronise() {
    this.clockSkew = Date.now() - Date.parse(this.getAttribute("now") || new Date().toISOString());
    this.draw();
  }

  /* Whole seconds until the end; below zero when it is over. */
  secondsLeft() {
    if (this.hasAttribute("paused")) return Number(this.getAttribute("paused"));
    return Math.round((Date.parse(this.getAttribute("ends")) - (Date.now() - this.clockSkew)) / 1000);
  }

  draw() {
    const left = this.secondsLeft();
    const clock = find("[data-clock]", this);
    if (!clock || Number.isNaN(left)) return;
    clock.textContent = asClock(left);
    this.drawBar(left);
    this.dataset.state = this.hasAttribute("paused") ? "paused" : stateOf(left);
    if (left === LAST_MINUTE) announce("One minute left on this item");
    if (left === 0) announce("Time is up for this item");
  }

  drawBar(left) {
    const bar = find("progress", this);
    const total = Number(this.getAttribute("total"));
    if (bar) Object.assign(bar, { max: total, value: Math.min(total, total - left) });
  }
}

function asClock(seconds) {
  const distance = Math.abs(seconds);
  return `${seconds < 0 ? "+" : ""}${Math.floor(distance / 60)}:${String(distance % 60).padStart(2, "0")}`;
}

function stateOf(left) {
  if (left < 0) return "over";
  return left <= LAST_MINUTE ? "last" : "ok";
}

customElements.define("meeting-timer", MeetingTimer);
