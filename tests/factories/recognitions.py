"""Recognitions, given by the operation."""

from datetime import date
from itertools import count

from kit.actor import Actor
from learnings.models import Recognition
from learnings.operations import recognition as operations
from learnings.operations.recognition import Figures
from tests.conftest import AT
from tests.factories import people, risks

_numbers = count(1)
CHANGED_ON = date(2026, 11, 16)
TYPED = Figures(name="Late jobs a week", before=9.0, after=1.0, source="The job log of November")


def recognition(title: str = "", *, by=None, at=AT, **fields) -> Recognition:
    """Thank somebody for finding something early, with typed figures."""
    fields = {"kind": "found_early", "figures": TYPED, **fields}
    if not fields.get("people") and "team" not in fields:
        fields["people"] = [people.user()]
    fields.setdefault("about", None)
    about = fields.pop("about") or risks.risk().subject
    title = title or f"Thanks {next(_numbers)}"
    return operations.give(title=title, about=about, by=Actor(by or people.user(), "page"), at=at, **fields)
