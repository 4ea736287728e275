"""The filters of ladders, and the parameters of the preview that says what would be escalated."""

from typing import Any

from django.db.models import Q

from lists import filtering
from lists.specification import Filter, ListSpec, Order
from people.models import Team
from risklog.models import Category
from risklog.states import Severity


def _what_if(label: str, **fields: Any) -> Filter:
    """Return a parameter of the preview, which says what would be escalated. It leaves out no ladder."""
    return Filter(label, lambda values, reader: Q(), is_many=False, **fields)


def _severity(text: str) -> str:
    if text not in Severity.values:
        raise ValueError(f"Use one of {', '.join(Severity.values)}.")
    return text


_ID: dict[str, Any] = {"parse": filtering.number, "shape": filtering.NUMBER}
_SEVERITY = _what_if("Severity", parse=_severity, choices=tuple(Severity.choices))
# The page shows every ladder, the one that applies to what the parameters say first.
LADDERS = ListSpec(
    filters={
        "severity": _SEVERITY,
        "category": _what_if("Category", **_ID),
        "team": _what_if("Team", **_ID),
        "model": _what_if("Model", **_ID),
    },
    orders={"severity": Order("Most general first", ("severity", "id"))},
)
LADDER_LIST = ListSpec(
    filters={
        "severity": filtering.choice("Severity", "severity", Severity),
        "category": filtering.slug("Category", "category", Category.objects.visible_to, help="A slug."),
        "team": filtering.slug("Team", "team", Team.objects.visible_to, help="A slug."),
        "is_retired": filtering.flag(
            "Retired", Q(is_retired=True), "true: only retired ones; false: none of them."
        ),
    },
    orders={"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))},
)
LADDER_PREVIEW = ListSpec(
    filters={
        "severity": _SEVERITY,
        **{name: _what_if(name.title(), help="A slug.") for name in ("category", "team", "model")},
    },
    orders={"position": Order("Lowest rung first", ("id",))},
    is_paged=False,
)
