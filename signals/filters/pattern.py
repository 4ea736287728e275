"""The parameters of patterns: the period that is searched, and which of its patterns are shown."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from lists.specification import Filter, ListSpec, Order, Reader
from signals.filters.breach import models_with_breaches
from signals.states import PATTERN_DAYS, PATTERN_PERIODS, PatternKind, SignalKind


def _nothing(values: Sequence[Any], reader: Reader) -> Q:
    """Narrow no rows: patterns are no rows of the database. signals.queries.pattern.asked() narrows them."""
    return Q()


def _choice(label: str, choices: Any, help: str) -> Filter:
    pairs = tuple((str(value), str(text)) for value, text in choices)
    known = [value for value, _ in pairs]

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"Use one of {', '.join(known)}.")
        return text

    return Filter(label, _nothing, parse, pairs, help=help)


def _days(text: str) -> int:
    if text not in {str(days) for days in PATTERN_PERIODS}:
        raise ValueError(f"Use one of {', '.join(map(str, PATTERN_PERIODS))}.")
    return int(text)


PATTERNS = ListSpec(
    filters={
        "days": Filter(
            "Period",
            _nothing,
            _days,
            tuple((str(days), f"{days} days") for days in PATTERN_PERIODS),
            is_many=False,
            help=f"How many days are searched. Default: {PATTERN_DAYS}.",
        ),
        "model": Filter(
            "Model",
            _nothing,
            options=models_with_breaches,
            help="The slug of a model, or what tools call one that is not registered.",
        ),
        "kind": _choice("Kind", SignalKind.choices, "The signal kind of most of the breaches."),
        "dimension": _choice("Dimension", PatternKind.choices, "What the breaches have in common."),
    },
    orders={
        "corrected": Order("Least likely first", ("corrected",)),
        "-count": Order("Most breaches first", ("-count",)),
        "-latest_at": Order("Latest first", ("-latest_at",)),
    },
    is_paged=False,
)
