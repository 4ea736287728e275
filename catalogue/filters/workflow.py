"""The list specification of workflows: filters and orders of the page and the API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThanOrEqual

from catalogue.models import Model
from catalogue.states import Freshness
from lists import filtering
from lists.collation import BY_NAME, BY_NAME_BACKWARDS
from lists.specification import ListSpec, Order, Reader
from people import queries as people

# Workflows that nobody reproduced come before the others.
REPRODUCED_ORDER = Coalesce("reproduced_at", Value(datetime(1970, 1, 1, tzinfo=UTC)))


def _passed(reader: Reader, share: float) -> Q:
    """Match workflows of which this share of the time since the last reproduction has passed."""
    counted = ExpressionWrapper(F("reproduce_days") * Value(timedelta(days=share)), DurationField())
    moment = ExpressionWrapper(Value(reader.at) - counted, DateTimeField())
    return Q(LessThanOrEqual(F("reproduced_at"), moment))


_FRESHNESS: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    Freshness.FRESH: (
        Freshness.FRESH.label,
        lambda reader: Q(reproduced_at__isnull=False) & ~_passed(reader, 0.5),
    ),
    Freshness.FADING: (Freshness.FADING.label, lambda reader: _passed(reader, 0.5) & ~_passed(reader, 1)),
    Freshness.FADED: (Freshness.FADED.label, lambda reader: _passed(reader, 1)),
    Freshness.NEVER: (Freshness.NEVER.label, lambda reader: Q(reproduced_at__isnull=True)),
}
WORKFLOWS = ListSpec(
    filters={
        "q": filtering.part("Name", "name", help="A part of the name."),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "owner": filtering.person("Owner", "owner", people.options, names=people.names),
        "freshness": filtering.named("Reproduced", _FRESHNESS, "How fresh the last reproduction is."),
        "is_retired": filtering.flag(
            "Retired", Q(is_retired=True), "true: only retired ones.", labels=("Retired", "In use")
        ),
    },
    orders={
        "name": Order("Name, A to Z", BY_NAME),
        "-name": Order("Name, Z to A", BY_NAME_BACKWARDS),
        "reproduced_at": Order("Longest not reproduced", ("reproduced_order", "id")),
        "-reproduced_at": Order("Last reproduced first", ("-reproduced_order", "-id")),
        "-id": Order("Newest", ("-id",)),
        "id": Order("Oldest", ("id",)),
    },
)
WORKFLOW_VERSIONS = ListSpec(
    filters={},
    orders={
        "-number": Order("Latest", ("-number", "-id")),
        "number": Order("First", ("number", "id")),
    },
)
