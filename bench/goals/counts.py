"""Goal 2: the number of SQL queries of each address, and whether it grows with the rows.

They are counted in this process, including savepoints, as the application role, with the sign-in of each
request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.test import Client

from bench import register
from bench.figures import Line
from bench.run import Run
from risklog.models import Risk

SIZES = (5, 50, 500)
BOUNDS = {"list": 6, "detail or write": 8, "composed page": 15}
LISTS = [
    "risks",
    "models",
    "series",
    "thresholds",
    "threshold-versions",
    "breaches",
    "sources",
    "categories",
    "review-requests",
    "escalations",
    "meeting-series",
    "meetings",
    "agenda-items",
    "decisions",
    "actions",
    "incidents",
    "experiments",
    "learnings",
    "people",
    "teams",
    "functions",
    "events",
]
PAGES = [
    "/",
    "/risks/",
    "/risks/heat/",
    "/risks/new/",
    "/risks/categories/",
    "/risks/reviews/",
    "/risks/escalations/",
    "/risks/ladder/",
    "/models/",
    "/signals/breaches/",
    "/signals/sources/",
    "/meetings/",
    "/meetings/decisions/",
    "/actions/",
    "/actions/board/",
    "/incidents/",
    "/risks/experiments/",
    "/learnings/",
    "/notices/",
    "/notices/digest/",
    "/people/",
    "/people/teams/",
    "/people/me/",
    "/search/?q=drift",
]


def queries(run: Run) -> Line:
    """Measure goal 2. It grows the register, so it runs first. Raises RuntimeError for a larger register."""
    if Risk.objects.count() > SIZES[0]:
        raise RuntimeError(f"The register has more than {SIZES[0]} risks. Use --home with an empty folder.")
    seen: dict[tuple[str, str], dict[int, int]] = {}
    for size in SIZES:
        register.grow(size, at=run.at)
        for kind, name, count in _Walk(run).all():
            seen.setdefault((kind, name), {})[size] = count
    worst = {
        kind: max((max(c.values()), name) for (k, name), c in seen.items() if k == kind) for kind in BOUNDS
    }
    over = [f"{name} {max(c.values())}" for (kind, name), c in seen.items() if max(c.values()) > BOUNDS[kind]]
    growing = [
        f"{name} {'/'.join(str(c.get(size, '–')) for size in SIZES)}"
        for (_, name), c in seen.items()
        if len(set(c.values())) > 1
    ]
    line = Line(
        2, "SQL queries: worst list / detail or write / page", "≤ 6 / 8 / 15, equal at 5, 50, 500 rows"
    )
    line.figure = max(worst[kind][0] / bound for kind, bound in BOUNDS.items())
    line.unit = "of the bound"
    line.met = not over and not growing
    worst_texts = [f"{kind} {count} of {BOUNDS[kind]} ({name})" for kind, (count, name) in worst.items()]
    line.why = "Worst: " + ", ".join(worst_texts) + "."
    if over:
        line.why += " Over: " + ", ".join(sorted(over)) + "."
    if growing:
        line.why += " Differ with the rows: " + ", ".join(sorted(growing)) + "."
    line.details = {
        "worst": {kind: {"queries": count, "address": name} for kind, (count, name) in worst.items()},
        "addresses": len(seen),
        "queries": {name: [c.get(size) for size in SIZES] for (_, name), c in sorted(seen.items())},
    }
    return line


class _Walk:
    """Requests every address once, after a warm-up: (class, name, queries)."""

    def __init__(self, run: Run) -> None:
        self.at = run.at
        self.page = Client(SERVER_NAME="localhost")
        self.api = Client(SERVER_NAME="localhost", headers=run.token("write"))
        self.page.force_login(register.reader())
        self.found: list[tuple[str, str, int]] = []

    def all(self) -> list[tuple[str, str, int]]:
        self.api.get("/api/v1/functions")  # records the first use of the token
        self._writes()  # first, so that the new objects are on the pages of every size
        for name in LISTS:
            self._count("list", f"GET /api/v1/{name}", partial(self.api.get, f"/api/v1/{name}"))
        for name in LISTS:
            address = f"/api/v1/{name}/{self.api.get(f'/api/v1/{name}').json()['results'][0]['id']}"
            self._count("detail or write", f"GET /api/v1/{name}/…", partial(self.api.get, address))
        for path in PAGES:
            self._count("composed page", path, partial(self.page.get, path))
        for name, path in _details().items():
            self._count("composed page", name, partial(self.page.get, path))
        return self.found

    def _writes(self) -> None:
        """Measure writes with realistic bodies.

        Each object named in a body costs one statement to load it.
        """
        category, model, team, person = (
            self._first(name) for name in ("categories", "models", "teams", "people")
        )
        scores = {"likelihood": 3, "impact": 3}
        risk = {"title": "Counted", "category": category["slug"], "model": model["slug"], **scores}
        made = self._write("POST /api/v1/risks (five fields)", "risks", risk).json()
        whole = {**risk, "team": team["slug"], "owner": person["email"], "description": "Counted."}
        self._write("POST /api/v1/risks (model, team and owner too)", "risks", whole)
        risks = f"risks/{made['id']}"
        self._write("PATCH /api/v1/risks/… (a score)", risks, {"impact": 4}, method="patch")
        named = {"model": model["slug"], "team": team["slug"], "owner": person["email"]}
        self._write("PATCH /api/v1/risks/… (model, team and owner)", risks, named, method="patch")
        self._write("POST /api/v1/risks/…/close", f"{risks}/close", {"evidence": "Counted in the benchmark."})
        self._write("POST /api/v1/actions (title)", "actions", {"title": "Counted"})
        action = {"title": "Counted", "owner": person["email"], "due_on": str(self._in(14))}
        made = self._write("POST /api/v1/actions (owner and day)", "actions", action).json()
        actions = f"actions/{made['id']}"
        moved = {"due_on": str(self._in(21))}
        self._write("PATCH /api/v1/actions/… (day)", actions, moved, method="patch")
        self._write("POST /api/v1/actions/…/start", f"{actions}/start", {})
        self._write("POST /api/v1/actions/…/finish", f"{actions}/finish", {})
        decision = {"text": "Counted.", "reason": "Counted.", "about": made["reference"]}
        self._write(
            "POST /api/v1/decisions (two actions)", "decisions", {**decision, "actions": [action] * 2}
        )

    def _first(self, name: str) -> dict[str, Any]:
        row: dict[str, Any] = self.api.get(f"/api/v1/{name}").json()["results"][0]
        return row

    def _in(self, days: int) -> date:
        return self.at.date() + timedelta(days=days)

    def _write(self, name: str, path: str, given: dict[str, Any], method: str = "post") -> Any:
        send = getattr(self.api, method)
        is_step = path.count("/") > 1
        tag = {"If-Match": self.api.get(f"/api/v1/{path}")["ETag"]} if method == "patch" else {}
        tag = {"If-Match": "*"} if is_step else tag
        ask = partial(send, f"/api/v1/{path}", given, content_type="application/json", headers=tag)
        return self._count("detail or write", name, ask, warm=False)

    def _count(self, kind: str, name: str, ask: Callable[[], Any], *, warm: bool = True) -> Any:
        if warm:
            ask()
        tally = [0]

        def counting(execute: Any, *args: Any) -> Any:
            tally[0] += 1
            return execute(*args)

        with connection.execute_wrapper(counting):
            answer = ask()
            if getattr(answer, "streaming", False):
                answer.getvalue()
        if answer.status_code not in (200, 201):
            raise RuntimeError(f"{name} answered {answer.status_code}: {answer.content[:300]!r}")
        self.found.append((kind, name, tally[0]))
        return answer


def _details() -> dict[str, str]:
    """Return one page of each kind: that of the first object, which has the most related objects."""
    from actions.models import Action
    from incidents.models import Incident
    from learnings.models import Learning
    from meetings.models import Decision, Meeting
    from people.models import Team
    from risklog.models import Category, Escalation, Experiment, Review
    from signals.models import BreachGroup, Series, Threshold

    def first(model: Any, **which: Any) -> Any:
        rows = model.objects.visible_to(register.reader()).filter(**which)
        return rows.select_related("subject").order_by("id").first()

    series = first(Series)
    return {
        "/risks/R-…/": f"/risks/{first(Risk, series__isnull=False).reference}/",
        "/risks/reviews/Q-…/": f"/risks/reviews/{first(Review).reference}/",
        "/risks/escalations/E-…/": f"/risks/escalations/{first(Escalation).reference}/",
        "/risks/categories/…/": f"/risks/categories/{first(Category).slug}/",
        "/models/…/": f"/models/{series.model.slug}/",
        "/signals/breaches/B-…/": f"/signals/breaches/{first(BreachGroup).reference}/",
        "/signals/series/…/": f"/signals/series/{series.pk}/",
        "/signals/thresholds/…/": f"/signals/thresholds/{first(Threshold).pk}/",
        "/meetings/M-…/": f"/meetings/{first(Meeting).reference}/",
        "/meetings/decisions/D-…/": f"/meetings/decisions/{first(Decision).reference}/",
        "/actions/A-…/": f"/actions/{first(Action).reference}/",
        "/incidents/I-…/": f"/incidents/{first(Incident).reference}/",
        "/risks/experiments/X-…/": f"/risks/experiments/{first(Experiment).reference}/",
        "/learnings/L-…/": f"/learnings/{first(Learning).reference}/",
        "/people/teams/…/": f"/people/teams/{first(Team).slug}/",
        "/people/…/": f"/people/{register.reader().pk}/",
    }
