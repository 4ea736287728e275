/*
 * The charts of a dashboard ([data-zoom]) show their crosshairs at the same moment. Dragging chooses a period, and the
 * keys + and - zoom in and out.
 */
import { chartOf, hide, show } from "./chart.js";
import { findAll, listen } from "./document.js";

const ZOOMED = "[data-zoom] .chart-plot";

const SMALLEST_ZOOM = 2; // per cent of the width
let drag = null;

/* Where the pointer is in a plot, in per cent of its width. */
function placeOf(plot, event) {
  return ((event.clientX - plot.getBoundingClientRect().left) / plot.clientWidth) * 100;
}

/* Show the crosshair of a plot at the value that is nearest to a place. */
function showNearest(plot, place) {
  const away = chartOf(plot).places.map((other) => Math.abs(other - place));
  show(plot, away.indexOf(Math.min(...away)));
}

/* The other plots of the same dashboard. */
function others(plot) {
  return findAll(".chart-plot", plot.closest("[data-zoom]")).filter((other) => other !== plot);
}

listen("pointerdown", (event) => {
  const plot = event.target.closest?.(ZOOMED);
  if (!plot || event.button !== 0 || event.pointerType === "touch") return;
  const mark = Object.assign(document.createElement("div"), { className: "chart-zoom" });
  drag = { plot, mark, from: placeOf(plot, event), until: null };
});

listen("pointermove", (event) => {
  const plot = event.target.closest?.(ZOOMED);
  if (!plot) return;
  const place = placeOf(plot, event);
  for (const other of others(plot)) showNearest(other, place);
  if (drag?.plot === plot) drawZoom(drag, place);
});

listen("pointerout", (event) => {
  const plot = event.target.closest?.(ZOOMED);
  if (plot && !plot.contains(event.relatedTarget)) others(plot).forEach(hide);
});

listen("focusout", (event) => {
  if (event.target.matches?.(ZOOMED)) others(event.target).forEach(hide);
});

listen("pointerup", () => {
  if (!drag) return;
  const { plot, mark, from, until } = drag;
  mark.remove();
  drag = null;
  if (until !== null && Math.abs(until - from) >= SMALLEST_ZOOM) {
    zoomTo(plot, Math.min(from, until), Math.max(from, until));
  }
});

function drawZoom(zoom, place) {
  zoom.until = Math.max(0, Math.min(100, place));
  if (!zoom.mark.isConnected) zoom.plot.append(zoom.mark);
  zoom.mark.style.left = `${Math.min(zoom.from, zoom.until)}%`;
  zoom.mark.style.width = `${Math.abs(zoom.until - zoom.from)}%`;
}

/* Show the page with the period between two places of a plot, in per cent. They may lie outside of 0 to 100. */
function zoomTo(plot, from, until) {
  const { start, end } = plot.closest("[data-chart]").dataset;
  const [first, last] = [Date.parse(start), Date.parse(end)];
  const moment = (place) => new Date(first + ((last - first) * place) / 100).toISOString();
  const address = new URL(window.location.href);
  address.searchParams.delete("period");
  address.searchParams.set("from", moment(from));
  address.searchParams.set("until", moment(until));
  window.location.assign(address);
}

listen("keydown", (event) => {
  const plot = event.target.closest?.(ZOOMED);
  if (!plot || event.ctrlKey || event.metaKey || event.altKey) return;
  const chart = chartOf(plot);
  const middle = chart.places[chart.at] ?? 50;
  if (event.key === "+") zoomTo(plot, middle - 25, middle + 25);
  else if (event.key === "-") zoomTo(plot, -50, 150);
  else for (const other of others(plot)) showNearest(other, middle);
});
