/* A crosshair follows pointer and arrow keys. The values are read from the data table under the picture. */
import { announce, find, findAll, listen } from "./document.js";

const PLOT = ".chart-plot";
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -7, PageDown: 7, Home: -1e9, End: 1e9 };
const GAP = 12;
const charts = new WeakMap();

/** The rows of its table, their places (per cent), crosshair and tip. */
export function chartOf(plot) {
  if (!charts.has(plot)) {
    const figure = plot.closest("[data-chart]");
    const rows = findAll("tbody tr", figure);
    const heads = findAll("thead th", figure).slice(1, -1);
    charts.set(plot, {
      rows,
      places: rows.map((row) => Number(row.dataset.x)),
      at: rows.length - 1,
      crosshair: find(".chart-crosshair", plot),
      tip: find(".chart-tip", plot),
      names: heads.map((head) => head.textContent),
    });
  }
  return charts.get(plot);
}

/** Show it. */
export function show(plot, wanted) {
  const chart = chartOf(plot);
  chart.at = Math.max(0, Math.min(chart.rows.length - 1, wanted));
  const cells = [...chart.rows[chart.at].cells];
  const left = (plot.clientWidth * chart.places[chart.at]) / 100;
  chart.crosshair.removeAttribute("hidden");
  chart.tip.hidden = false;
  drawCrosshair(chart.crosshair, left, cells);
  chart.tip.replaceChildren(...tipLines(chart.names, cells));
  const width = chart.tip.offsetWidth;
  const fits = left + GAP + width <= plot.clientWidth;
  chart.tip.style.left = `${Math.max(0, fits ? left + GAP : left - width - GAP)}px`;
}

function drawCrosshair(crosshair, left, cells) {
  const line = find("line", crosshair);
  line.setAttribute("x1", left);
  line.setAttribute("x2", left);
  findAll("circle", crosshair).forEach((dot, index) => {
    const top = cells[index + 1].dataset.y;
    dot.setAttribute("visibility", top ? "visible" : "hidden");
    dot.setAttribute("cx", left);
    dot.setAttribute("cy", top || 0);
  });
}

function tipLines(names, cells) {
  const events = cells.at(-1).textContent;
  const lines = names.map((name, index) => tipLine(name, cells[index + 1].textContent));
  return [bold(cells[0].textContent), ...lines, ...(events ? [tipLine(events, "")] : [])];
}

function tipLine(name, value) {
  const line = document.createElement("span");
  line.append(name, bold(value));
  return line;
}

function bold(text) {
  return Object.assign(document.createElement("b"), { textContent: text });
}

/** Hide it. */
export function hide(plot) {
  const chart = chartOf(plot);
  chart.crosshair.setAttribute("hidden", "");
  chart.tip.hidden = true;
}

listen("pointermove", (event) => {
  const plot = event.target.closest?.(PLOT);
  if (!plot) return;
  const place = ((event.clientX - plot.getBoundingClientRect().left) / plot.clientWidth) * 100;
  const away = chartOf(plot).places.map((other) => Math.abs(other - place));
  show(plot, away.indexOf(Math.min(...away)));
});

listen("pointerout", (event) => {
  const plot = event.target.closest?.(PLOT);
  if (plot && !plot.contains(event.relatedTarget)) hide(plot);
});

listen("focusout", (event) => {
  if (event.target.matches?.(PLOT)) hide(event.target);
});

listen("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || !event.target.matches?.(PLOT)) return;
  event.preventDefault();
  const chart = chartOf(event.target);
  show(event.target, chart.at + step);
  announce(chart.tip.innerText.replace(/\n/g, " "));
});
