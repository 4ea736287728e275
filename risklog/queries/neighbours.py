"""The risks before and after one in a list."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F

from lists import paging
from lists.specification import Reader, Selection
from risklog.filters.risk import RISK_LIST
from risklog.models import Risk


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The rows beside a risk, each with `reference` and `title`; None at an end of the list."""

    previous: dict[str, Any] | None
    following: dict[str, Any] | None


def neighbours(risk: Risk, selection: Selection, reader: Reader) -> Neighbours:
    """Return the risks beside this one in the list that the reader filtered. Two queries.

    The place is that of the risk's present values, so it also has neighbours if the list no longer shows it.
    """
    keys = RISK_LIST.spec.keys_of(selection)
    place = paging.cursor_after(risk, keys)
    names = [key.removeprefix("-") for key in keys]
    rows = RISK_LIST.chosen(selection, reader).values("title", *names, reference=F("subject__reference"))
    before = paging.page(rows, order=keys, size=1, before=place).rows
    after = paging.page(rows, order=keys, size=1, after=place).rows
    return Neighbours(before[0] if before else None, after[0] if after else None)
