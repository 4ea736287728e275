"""Goal 26: the board of actions with 10,000 actions, compared with one of 100: its page, and a move."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection, connections
from django.test import Client

from actions.models import Action
from actions.states import ActionState
from bench import client, figures, register
from bench.client import Answers
from bench.figures import Line
from bench.goals.reads import wrong_of
from bench.register.rows import fill
from bench.run import Part, Run, Side, foreign, same
from people.models import User
from risklog.models import Risk

SMALL, LARGE = 100, 10_000
RATIO = 1.5
COLUMN = 50
MOVES = 20  # in a round, there and back
PATH = "/actions/board/"
_HTMX = {"HX-Request": "true", "HX-Current-URL": f"http://127.0.0.1{PATH}"}
_CARD = re.compile(rb'data-card="A-\d+"')
_SPARE = """
UPDATE actions_action SET state = %s
WHERE state = %s AND id NOT IN (SELECT id FROM actions_action WHERE state = 'open' ORDER BY id LIMIT %s)
"""


@dataclass
class Boards:
    """The measurements of the small board, kept until the large one is measured.

    small: the page and the move. queries: size -> statements of both.
    """

    small: dict[str, Side] = field(default_factory=dict)
    queries: dict[int, dict[str, int]] = field(default_factory=dict)

    def measure_small(self, run: Run) -> None:
        """Measure with SMALL actions on the board. The others are dropped meanwhile, which a board hides."""
        if Action.objects.count() > LARGE // 2:
            return
        _add_actions(SMALL, run)
        with connections["owner"].cursor() as cursor:
            cursor.execute(_SPARE, [ActionState.DROPPED, ActionState.OPEN, SMALL])
            cursor.execute("VACUUM ANALYZE actions_action")
            try:
                self.small = _measured(run)
                self.queries[SMALL] = _counted(run)
            finally:
                cursor.execute("UPDATE actions_action SET state = 'open' WHERE state = 'dropped'")
                cursor.execute("VACUUM ANALYZE actions_action")

    def large(self, run: Run) -> Line:
        """Measure goal 26. It adds the actions."""
        line = Line(
            26,
            f"board at {LARGE:,} actions to {SMALL}, CPU of the page",
            f"≤ {RATIO}, the move too, equal queries",
        )
        if not self.small:
            line.why = "The register has too many actions already. Use --home with an empty folder, or none."
            return line
        _add_actions(LARGE, run)
        with connections["owner"].cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        large, self.queries[LARGE] = _measured(run), _counted(run)
        if wrong := wrong_of(large) or wrong_of(self.small):
            line.met, line.why = False, wrong
            return line
        page, move = (figures.ratios(large[name].cpu, self.small[name].cpu) for name in ("page", "move"))
        line.figure, line.least, line.greatest = page.median, page.least, page.greatest
        few, many = self.queries[SMALL], self.queries[LARGE]
        line.met = page.median <= RATIO and move.median <= RATIO and few == many
        said = [
            f"{name} {self.small[name].shown()['median_ms']:.0f} → {large[name].shown()['median_ms']:.0f} ms,"
            f" {few[name]} → {many[name]} queries"
            for name in ("page", "move")
        ]
        line.why = (
            f"{'; '.join(said)}. The move costs {move.median:.2f} ×"
            f" (foreign load up to {foreign(large):.2f} cores)."
        )
        line.details = {"move_ratio": round(move.median, 2), "queries": self.queries} | {
            f"{name}, {size}": sides[name].shown()
            for size, sides in ((SMALL, self.small), (LARGE, large))
            for name in sides
        }
        return line


def _add_actions(count: int, run: Run) -> None:
    """Add open actions of many owners up to `count`, with due dates over some weeks."""
    people = list(User.objects.filter(is_active=True).order_by("id")[:300])
    subjects = list(Risk.objects.order_by("id").values_list("subject_id", flat=True)[:500])

    def action(number: int) -> Action:
        return Action(
            title=f"Do thing {number}",
            owner=people[number % len(people)],
            state=ActionState.OPEN,
            due_on=(run.at + timedelta(days=number % 60 - 5)).date(),
            about_id=subjects[number % len(subjects)],
            made_at=run.at,
        )

    fill(Action.objects.all(), count, action, "actions.action_opened", run.at)
    register.settle(run.at)


def _measured(run: Run) -> dict[str, Side]:
    asked = client.request(PATH, headers={"Cookie": run.cookie})
    return run.alternate({"page": same(run.ours, asked, clients=2, check=_is_board), "move": _moves(run)})


def _is_board(body: bytes) -> bool:
    return COLUMN <= len(_CARD.findall(body)) <= 4 * COLUMN and body.rstrip().endswith(b"</html>")


def _moves(run: Run) -> Part:
    """Return the part that moves one card from open to doing and back, as the board does."""
    action = Action.objects.filter(state=ActionState.OPEN).select_related("subject").order_by("id")[0]
    token = "b" * 32
    headers = {"Cookie": f"{run.cookie}; csrftoken={token}", "X-CSRFToken": token, **_HTMX}

    def load(seconds: float) -> Answers:
        action.refresh_from_db(fields=["version", "state"])
        first, answers, connection_ = action.version, Answers(), client.Connection(run.ours.port)
        began = time.perf_counter()
        for number in range(MOVES):
            to = ActionState.OPEN if number % 2 else ActionState.DOING
            sent = _form(f"/actions/{action.reference}/set/{to}/", headers, {"version": first + number})
            asked = time.perf_counter()
            status, body = connection_.ask(sent)
            if status == 204:
                answers.right += 1
                answers.latencies.append(time.perf_counter() - asked)
            else:
                answers.wrong += 1
                answers.first_wrong = answers.first_wrong or f"{status} {body[:200]!r}"
        answers.seconds = time.perf_counter() - began
        connection_.close()
        action.refresh_from_db(fields=["version", "state"])
        if (action.version, action.state) != (first + MOVES, ActionState.OPEN):
            answers.right, answers.wrong = 0, MOVES
        return answers

    return Part(run.ours, load)


def _form(path: str, headers: dict[str, str], values: dict[str, int]) -> bytes:
    """Return the request that sends a form."""
    sent = client.request(path, headers=headers, body=urlencode(values).encode())
    return sent.replace(b"application/json", b"application/x-www-form-urlencoded", 1)


def _counted(run: Run) -> dict[str, int]:
    """Return the number of queries of the page and of a move."""
    visitor = Client(SERVER_NAME="localhost")
    visitor.force_login(register.reader())
    action = Action.objects.filter(state=ActionState.OPEN).select_related("subject").order_by("id")[0]
    address = f"/actions/{action.reference}/set/"
    htmx = {**_HTMX, "HX-Current-URL": f"http://localhost{PATH}"}
    visitor.get(PATH)
    page = _statements(lambda: visitor.get(PATH))
    move = _statements(lambda: visitor.post(f"{address}doing/", {"version": action.version}, headers=htmx))
    visitor.post(f"{address}open/", {"version": action.version + 1}, headers=htmx)
    return {"page": page, "move": move}


def _statements(ask: Callable[[], Any]) -> int:
    tally = [0]

    def counting(execute: Any, *args: Any) -> Any:
        tally[0] += 1
        return execute(*args)

    with connection.execute_wrapper(counting):
        answer = ask()
    if answer.status_code not in (200, 204):
        raise RuntimeError(f"The board answered {answer.status_code}: {answer.content[:300]!r}")
    return tally[0]
