/* Figures that answer to a pointer or keys, and the meeting clock. */
"use strict";
(() => {
  const $ = (s, r = document) => r.querySelector(s),
    $$ = (s, r = document) => [...r.querySelectorAll(s)];
  const on = (type, fn) => document.addEventListener(type, fn),
    say = (t) => window.riskhub?.say(t);

  /* heat map: arrow keys move between cells that hold something */
  on("keydown", (e) => {
    const c = e.target.closest?.("[data-hm] a"),
      d = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[e.key];
    if (!c || !d) return;
    e.preventDefault();
    for (let td = c.closest("td"); td; ) {
      const tr = d[0]
        ? d[0] < 0
          ? td.parentNode.previousElementSibling
          : td.parentNode.nextElementSibling
        : td.parentNode;
      td = tr?.cells[td.cellIndex + d[1]];
      const a = td && $("a", td);
      if (a) return a.focus();
    }
  });

  /* charts: the values are read from the data table under the picture; a crosshair follows pointer and arrows */
  const known = new WeakMap();
  function chart(p) {
    if (!known.has(p)) {
      const fig = p.closest("[data-chart]"),
        rows = $$("tbody tr", fig);
      known.set(p, {
        rows,
        xs: rows.map((r) => +r.dataset.x),
        i: rows.length - 1,
        g: $(".cross", p),
        tip: $(".chart-tip", p),
        heads: $$("thead th", fig)
          .slice(1, -1)
          .map((h) => h.textContent),
      });
    }
    return known.get(p);
  }
  const line = (name, value) => {
    const s = document.createElement("span"),
      v = document.createElement("b");
    s.textContent = name;
    v.textContent = value;
    s.append(v);
    return s;
  };
  function show(p, i) {
    const c = chart(p),
      cells = [...c.rows[(c.i = Math.max(0, Math.min(c.rows.length - 1, i)))].cells],
      x = (p.clientWidth * c.xs[c.i]) / 100;
    c.g.removeAttribute("hidden");
    c.tip.hidden = false;
    const l = $("line", c.g);
    l.setAttribute("x1", x);
    l.setAttribute("x2", x);
    $$("circle", c.g).forEach((dot, k) => {
      const y = cells[k + 1].dataset.y;
      dot.setAttribute("visibility", y ? "visible" : "hidden");
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y || 0);
    });
    const b = document.createElement("b"),
      event = cells.at(-1).textContent;
    b.textContent = cells[0].textContent;
    c.tip.replaceChildren(
      b,
      ...c.heads.map((h, k) => line(h, cells[k + 1].textContent)),
      ...(event ? [line(event, "")] : []),
    );
    const w = c.tip.offsetWidth,
      left = x + 12 + w > p.clientWidth ? x - w - 12 : x + 12;
    c.tip.style.left = `${Math.max(0, left)}px`;
  }
  const hide = (p) => {
    const c = chart(p);
    c.g.setAttribute("hidden", "");
    c.tip.hidden = true;
  };
  on("pointermove", (e) => {
    const p = e.target.closest?.(".chart-plot");
    if (!p) return;
    const at = ((e.clientX - p.getBoundingClientRect().left) / p.clientWidth) * 100,
      xs = chart(p).xs;
    show(
      p,
      xs.reduce((best, x, k) => (Math.abs(x - at) < Math.abs(xs[best] - at) ? k : best), 0),
    );
  });
  on("pointerout", (e) => {
    const p = e.target.closest?.(".chart-plot");
    if (p && !p.contains(e.relatedTarget)) hide(p);
  });
  on("focusout", (e) => {
    if (e.target.matches?.(".chart-plot")) hide(e.target);
  });
  on("keydown", (e) => {
    const d = { ArrowLeft: -1, ArrowRight: 1, PageUp: -7, PageDown: 7, Home: -1e9, End: 1e9 }[e.key];
    if (!d || !e.target.matches?.(".chart-plot")) return;
    e.preventDefault();
    show(e.target, chart(e.target).i + d);
    say(chart(e.target).tip.innerText.replace(/\n/g, " "));
  });

  /* notes that several write: the page's own are as last known in `defaultValue`; what is being typed is never replaced */
  on("htmx:after:swap", () => {
    const news = $("#mt-shown[data-notes]"),
      text = $("#notes"),
      typed = text && text.value !== text.defaultValue;
    if (!news || !text || (typed && text.value !== news.dataset.notes)) return;
    if (text.value !== news.dataset.notes) text.value = news.dataset.notes;
    text.defaultValue = text.value;
    for (const name of ["version", "was"]) {
      const i = text.form.elements[name];
      if (i) i.value = news.dataset[name];
    }
  });
  addEventListener("pagehide", () => {
    const text = $("#notes"),
      form = text?.form;
    if (form && text.value !== text.defaultValue)
      fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        keepalive: true,
        headers: { "HX-Request": "true" },
      });
  });

  /* <meeting-timer ends="ISO" now="ISO" total="720" [paused="291"]>: the server owns the end, this only counts down */
  customElements.define(
    "meeting-timer",
    class extends HTMLElement {
      static observedAttributes = ["ends", "total", "paused"];
      connectedCallback() {
        this.beat = setInterval(() => this.draw(), 1000);
        this.sync();
      }
      disconnectedCallback() {
        clearInterval(this.beat);
      }
      attributeChangedCallback() {
        if (this.isConnected) this.sync();
      }
      sync() {
        this.skew = Date.now() - Date.parse(this.getAttribute("now") || new Date().toISOString());
        this.draw();
      }
      left() {
        return this.hasAttribute("paused")
          ? +this.getAttribute("paused")
          : Math.round((Date.parse(this.getAttribute("ends")) - (Date.now() - this.skew)) / 1000);
      }
      draw() {
        const left = this.left(),
          total = +this.getAttribute("total"),
          a = Math.abs(left),
          clock = $("[data-clock]", this),
          bar = $("progress", this);
        if (!clock || Number.isNaN(left)) return;
        clock.textContent = `${left < 0 ? "+" : ""}${Math.floor(a / 60)}:${String(a % 60).padStart(2, "0")}`;
        if (bar) {
          bar.max = total;
          bar.value = Math.min(total, total - left);
        }
        this.dataset.state = this.hasAttribute("paused") ? "paused" : left < 0 ? "over" : left <= 60 ? "last" : "ok";
        if (left === 60) say("One minute left on this item");
        if (left === 0) say("Time is up for this item");
      }
    },
  );
})();
