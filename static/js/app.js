/* The shell: theme, toasts, hotkeys, dialogs, palette, lists, drafts. All listeners are delegated, so swapped-in
   markup works without being set up. Every page works without this file. */
"use strict";
(() => {
  const $ = (s, r = document) => r.querySelector(s),
    $$ = (s, r = document) => [...r.querySelectorAll(s)];
  const root = document.documentElement,
    on = (type, fn) => document.addEventListener(type, fn);
  const csrf = () => {
    try {
      return JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"];
    } catch {
      return "";
    }
  };
  const say = (text) => {
    const n = $("#say");
    if (n) n.textContent = text;
  };
  window.riskhub = { say };

  /* looks (theme, shortcuts): a form with buttons; here it is sent without a new page */
  on("submit", (e) => {
    const f = e.target.closest("[data-look]"),
      b = e.submitter;
    if (!f || !b) return;
    e.preventDefault();
    root.dataset[b.name === "theme" ? "theme" : "hotkeys"] = b.value;
    $$(`[data-look] button[name=${b.name}]`).forEach((x) => x.setAttribute("aria-pressed", x.value === b.value));
    const body = new FormData(f, b);
    fetch(f.action, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() =>
      toast("This could not be kept for next time."),
    );
  });

  /* toasts: HX-Trigger {"toast": {"text", "undo"}}, and those the server rendered */
  function toast(text, undo) {
    const el = document.createElement("div"),
      s = document.createElement("span");
    el.className = "toast";
    s.textContent = text;
    el.append(s);
    if (undo) {
      const f = document.createElement("form"),
        b = document.createElement("button");
      f.method = "post";
      f.action = undo;
      b.textContent = "Undo";
      for (const [name, value] of [
        ["csrfmiddlewaretoken", csrf()],
        ["next", location.pathname + location.search],
      ]) {
        const i = document.createElement("input");
        i.type = "hidden";
        i.name = name;
        i.value = value;
        f.append(i);
      }
      f.append(b);
      el.append(f);
    }
    $("#toasts")?.append(el);
    fade(el);
  }
  function fade(el) {
    const wait = $("form", el) ? 10000 : 5000,
      go = () => (el.matches(":hover,:focus-within") ? setTimeout(go, 2000) : el.remove());
    setTimeout(go, wait);
  }
  on("toast", (e) => toast(e.detail.text ?? e.detail.value ?? "", e.detail.undo));
  /* a refusal or mishap shows in its own place, so nothing a person wrote is swapped away; 422 is a form, 409 a conflict */
  on("htmx:before:response", (e) => {
    const { response, hx } = e.detail.ctx;
    if (response.status >= 400 && ![409, 422].includes(response.status)) {
      hx.retarget = "#problem";
      hx.reswap = "innerHTML";
    }
  });
  on("htmx:after:request", (e) => {
    const ctx = e.detail.ctx;
    if (ctx.hx?.retarget === "#problem" && /<html/i.test(ctx.text)) {
      ctx.text = "";
      toast("That did not work. Try again in a moment; your text is still here.");
    }
  });
  on("htmx:error", () => toast("The server could not be reached. Your text is kept."));
  $$(".toast").forEach(fade);

  /* the words of kit/templatetags/ui.py relative(); the first drawing is the server's, so nothing moves */
  const skew = Date.now() - Date.parse(root.dataset.now || new Date().toISOString());
  function relative(then) {
    const s = (then - (Date.now() - skew)) / 1000,
      m = Math.floor(Math.abs(s) / 60),
      h = Math.floor(m / 60) % 24,
      d = Math.floor(m / 1440);
    if (Math.abs(s) < 60) return "just now";
    if (d >= 14) return null;
    const w = d >= 3 ? `${d} d` : d ? (h ? `${d} d ${h} h` : `${d} d`) : h ? `${h} h` : `${m} min`;
    return s > 0 ? `in ${w}` : `${w} ago`;
  }
  setInterval(() => {
    for (const t of $$("time[data-rel]")) {
      const w = relative(Date.parse(t.dateTime));
      if (w && w !== t.textContent) t.textContent = w;
    }
  }, 30000);

  /* hotkeys: data-hotkey="c" or "g r" in the markup; off in fields, in dialogs, and when the person turned them off */
  let before = "",
    timer;
  on("keydown", (e) => {
    if ((e.metaKey || e.ctrlKey) && e.key.toLowerCase() === "k") {
      e.preventDefault();
      return open("palette");
    }
    if ((e.metaKey || e.ctrlKey) && e.key === "Enter") {
      const f = e.target.closest?.("form");
      if (f) {
        e.preventDefault();
        f.requestSubmit();
      }
      return;
    }
    if (e.metaKey || e.ctrlKey || e.altKey || e.isComposing) return;
    if (e.target.closest?.("input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable]")) {
      if (e.key === "Escape") e.target.blur();
      return;
    }
    if (root.dataset.hotkeys === "off" || $("dialog[open]")) return;
    if (e.key === "?") {
      e.preventDefault();
      return open("keys");
    }
    const key = e.key.toLowerCase(),
      name = before ? `${before} ${key}` : key;
    clearTimeout(timer);
    timer = setTimeout(() => {
      before = "";
    }, 1000);
    const hit = $(`[data-hotkey="${CSS.escape(name)}"]`);
    if (hit) {
      e.preventDefault();
      before = "";
      hit.matches("input,textarea,select") ? hit.focus() : hit.click();
      return;
    }
    if (!before && row(key)) {
      e.preventDefault();
      return;
    }
    before = key.length === 1 ? key : before;
  });
  function row(key) {
    const rows = $$("[data-row]"),
      i = rows.findIndex((r) => r.classList.contains("cur"));
    if (!rows.length) return false;
    if (key === "j" || key === "k") {
      const next = rows[Math.max(0, Math.min(rows.length - 1, i + (key === "j" ? 1 : -1)))];
      rows[i]?.classList.remove("cur");
      next.classList.add("cur");
      $("a", next)?.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
      return true;
    }
    if (key === "x" && i >= 0) {
      $("[name=sel]", rows[i])?.click();
      return true;
    }
    return false;
  }

  /* dialogs: <a|button data-open="id">; a link is the way without JavaScript */
  function open(id) {
    const d = document.getElementById(id);
    if (!d) return false;
    $$("[popover]").forEach((p) => p.matches(":popover-open") && p.hidePopover());
    if (!d.open) {
      d.showModal();
      if (id === "palette") {
        input.value = "";
        narrow();
      }
    }
    return true;
  }
  on("click", (e) => {
    const o = e.target.closest("[data-open]");
    if (o && !e.ctrlKey && !e.metaKey && open(o.dataset.open)) e.preventDefault();
    const c = e.target.closest("[data-close]");
    if (c) c.closest("dialog") ? c.closest("dialog").close() : c.closest(".toast,.notice")?.remove();
    else if (e.target.nodeName === "DIALOG") e.target.close();
    const copy = e.target.closest("[data-copy]");
    if (copy)
      navigator.clipboard
        ?.writeText(copy.dataset.copy || $("pre", copy.parentNode).textContent)
        .then(() => toast("Copied"));
    if (e.target.closest("[data-print]")) window.print();
  });

  /* palette: places are in the page, findings come by htmx into the same list box */
  const input = $("#palette input"),
    box = $("#palette-list"),
    options = () => $$("[role=option]:not([hidden])", box);
  function mark(o) {
    $$("[aria-selected=true]", box).forEach((x) => x.setAttribute("aria-selected", "false"));
    if (!o) return input.removeAttribute("aria-activedescendant");
    o.id ||= `po${Math.random().toString(36).slice(2, 8)}`;
    o.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", o.id);
    o.scrollIntoView({ block: "nearest" });
  }
  function narrow() {
    const q = input.value.trim().toLowerCase();
    $$("[data-place]", box).forEach((o) => {
      o.hidden = !o.textContent.toLowerCase().includes(q);
    });
    if (!q) $("#palette-found")?.replaceChildren();
    mark(options()[0]);
  }
  input?.addEventListener("input", narrow);
  input?.addEventListener("keydown", (e) => {
    const all = options(),
      i = all.findIndex((o) => o.ariaSelected === "true"),
      step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && all.length) {
      e.preventDefault();
      mark(all[(i + step + all.length) % all.length]);
    }
    if (e.key === "Enter" && all[i]) {
      e.preventDefault();
      all[i].click();
    }
  });

  /* choosing rows: data-all, Shift for a range, the floating bar */
  let last;
  function bulk() {
    const n = $$("[name=sel]:checked").length,
      b = $("#bulk");
    if (b) {
      b.hidden = !n;
      $("[data-bulk-n]", b).textContent = n;
    }
  }
  on("click", (e) => {
    if (e.target.matches("[data-all]"))
      $$("[name=sel]").forEach((c) => {
        c.checked = e.target.checked;
      });
    if (e.target.closest("[data-bulk-clear]"))
      $$("[name=sel],[data-all]").forEach((c) => {
        c.checked = false;
      });
    if (e.target.matches("[name=sel]")) {
      const all = $$("[name=sel]");
      if (e.shiftKey && last) {
        const [a, b] = [all.indexOf(last), all.indexOf(e.target)].sort((x, y) => x - y);
        all.slice(a, b + 1).forEach((c) => {
          c.checked = e.target.checked;
        });
      }
      last = e.target;
    }
    bulk();
  });

  /* drafts: data-draft="R-142:comment" is kept here until the server has taken the text */
  const slot = (el) => `draft:${el.dataset.draft}`;
  const drop = (form) => $$("[data-draft]", form).forEach((el) => localStorage.removeItem(slot(el)));
  on("input", (e) => {
    if (e.target.dataset?.draft) localStorage.setItem(slot(e.target), e.target.value);
  });
  on("htmx:after:request", (e) => {
    const f = e.detail.ctx?.sourceElement?.closest?.("form") || e.target.closest?.("form");
    if (f && (e.detail.ctx?.response?.status ?? 500) < 300) {
      drop(f);
      if (f.matches("[data-clear]")) f.reset();
    }
  });
  on("submit", (e) => {
    if (!e.defaultPrevented && !e.target.matches("[hx-post],[hx-put],[hx-patch]")) drop(e.target);
  });
  function settle() {
    $$("[data-draft]").forEach((el) => {
      const kept = localStorage.getItem(slot(el));
      if (kept && !el.value) el.value = kept;
    });
    bulk();
  }
  /* a search field has said it while it was typed in; leaving it says nothing new, and one address is one step back */
  document.addEventListener(
    "change",
    (e) => {
      if (e.target.matches?.("form[data-auto] [type=search]")) e.stopPropagation();
    },
    true,
  );
  on("htmx:before:history:update", (e) => {
    if (e.detail.history.path === location.pathname + location.search) e.preventDefault();
  });
  /* a filter form sends itself when a choice changes; its button is for those without JavaScript */
  on("change", (e) => {
    const f = e.target.closest?.("form[data-auto]");
    if (f && !f.hasAttribute("hx-get")) f.requestSubmit();
  });
  /* what was refused says so at its top, which may be far above the button that was pressed */
  function show(alert) {
    if (alert) {
      alert.focus({ preventScroll: true });
      alert.scrollIntoView({ block: "center" });
    }
  }
  on("htmx:after:swap", (e) => {
    const ctx = e.detail.ctx;
    if ([409, 422].includes(ctx?.response?.status) && ctx.sourceEvent?.type === "submit")
      show($("main .notice[role=alert][tabindex]"));
    settle();
    if ($("#palette")?.open && !$("[aria-selected=true]:not([hidden])", box)) mark(options()[0]);
  });
  $$("dialog[open]").forEach((d) => {
    d.close();
    d.showModal();
  }); // the server drew it open: a form in it was refused
  show($("main .notice[role=alert][tabindex]"));
  settle();
})();
