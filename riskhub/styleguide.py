"""The style guide: every component with its states, to copy from. The browser tests run axe on it."""

import datetime as dt
import math
from types import SimpleNamespace

from django import forms
from django.http import HttpRequest, HttpResponse

from kit import clock
from kit.rights import OPEN, view_needs
from pages import charts
from pages.answers import respond
from pages.forms import Day
from pages.templatetags.ui import LEVELS

PEOPLE = [SimpleNamespace(name=n) for n in ("Ana Moreau", "Wei Lin", "Jonas Keller", "Sofia Lindqvist")]

TEXT = """Capped `utilisation_90d` at the September p99: index **0.14**.

- ~~Hold all approvals~~
- Review near the cut-off
"""
CALL = """curl -X POST https://riskhub.example/api/v1/points \\
  -H "Authorization: Bearer $TOKEN" \\
  -d @points.json"""


class Sample(forms.Form):
    title = forms.CharField(help_text="Describe what may happen.")
    model = forms.ChoiceField(choices=[("", "Choose a model"), ("1", "credit-pd v14")], required=False)
    seen = forms.CharField(label="What was seen", widget=forms.Textarea, required=False)
    due = forms.DateField(label="Due", widget=Day, required=False)
    treatment = forms.ChoiceField(
        choices=[("mitigate", "Mitigate"), ("accept", "Accept")], widget=forms.RadioSelect
    )
    unnamed = forms.BooleanField(
        label="Do not show my name",
        required=False,
        help_text="Other users will not see it. The history records it.",
    )


def chart(now):
    days = [now - dt.timedelta(days=45 - k) for k in range(46)]
    rising: list[float | None] = [
        round(0.05 + 0.015 * math.sin(k / 3) + max(0, k - 26) * 0.0125, 3) for k in range(46)
    ]
    rising[12:15] = [None] * 3
    quiet = [round(0.05 + 0.01 * math.cos(k / 4), 3) for k in range(46)]
    return charts.line_chart(
        key="psi",
        title="Population stability of credit-pd",
        lines=[
            charts.ChartLine("credit-pd v14", list(zip(days, rising, strict=True)), area=True),
            charts.ChartLine("Challenger", list(zip(days, quiet, strict=True)), "quiet"),
        ],
        thresholds=[
            charts.ChartLimit(0.1, "warning", "Warning 0.10"),
            charts.ChartLimit(0.25, "critical", "Critical 0.25"),
            charts.ChartLimit(0.08, "clear", "Clears below 0.08"),
        ],
        spans=[charts.Span(days[33], None, "critical", "Breach B-12, still open")],
        marks=[
            charts.Mark(days[29], "Version 14 deployed"),
            charts.Mark(days[40], "R-142 became critical", "#charts", "critical"),
        ],
    )


def heat():
    """Return rows from likely to unlikely.

    A cell has its level, its count, and the address of the filtered list.
    """
    counts = {
        (5, 4): 1,
        (5, 2): 1,
        (4, 5): 1,
        (4, 3): 1,
        (4, 1): 1,
        (3, 4): 3,
        (3, 3): 3,
        (2, 2): 3,
        (2, 3): 4,
        (1, 1): 2,
    }
    words = {1: "Rare", 2: "Unlikely", 3: "Possible", 4: "Likely", 5: "Almost certain"}
    impacts = {1: "Negligible", 2: "Minor", 3: "Moderate", 4: "Major", 5: "Severe"}
    rows = [
        {
            "number": row,
            "name": words[row],
            "cells": [
                {
                    "impact": impacts[col],
                    "level": (level := min(5, max(1, math.ceil(row * col / 5)))),
                    "level_name": LEVELS[level],
                    "count": counts.get((row, col), 0),
                    "url": f"?likelihood={row}&impact={col}",
                    "current": (row, col) == (4, 3),
                }
                for col in range(1, 6)
            ],
        }
        for row in range(5, 0, -1)
    ]
    return {"rows": rows, "columns": [{"number": k, "name": v} for k, v in impacts.items()]}


def samples(now):
    return {
        "people": PEOPLE,
        "nobody": None,
        "levels": [1, 2, 3, 4, 5],
        "moments": {
            "past": now - dt.timedelta(hours=2),
            "soon": now + dt.timedelta(hours=28),
            "late": now - dt.timedelta(hours=3),
        },
        "days": {
            "late": now.date() - dt.timedelta(days=4),
            "today": now.date(),
            "later": now.date() + dt.timedelta(days=9),
        },
        "ends": (now + dt.timedelta(seconds=291)).isoformat(timespec="seconds"),
        "series": [3, 4, 4, 5, None, 6, 5, 7, 9, 11],
        "chart": chart(now),
        "no_chart": charts.line_chart(key="none", title="Latency of credit-pd", lines=[]),
        "heat": heat(),
        "form": Sample(initial={"treatment": "mitigate"}),
        "wrong_form": Sample({"wrong-due": "soon"}, prefix="wrong"),
        "page": SimpleNamespace(before="abc", after="def"),
        "text": TEXT,
        "configuration": CALL,
    }


@view_needs(OPEN)
def styleguide(request: HttpRequest) -> HttpResponse:
    return respond(request, "styleguide.html", "table", samples(clock.now()))
