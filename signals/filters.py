"""The list specifications of signals: filters and orders of the pages and the API."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from catalogue.models import Model
from kit import references
from lists import filtering
from lists.collation import BY_NAME
from lists.specification import Filter, ListSpec, Order, Reader
from people.models import User
from signals.models import BreachGroup
from signals.states import Adapter, Agreement, BreachLevel, BreachState, SignalKind

_BY_NUMBER = {"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))}


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match a part of the title, or the reference if the text is one."""
    text = values[0].strip()
    if references.is_reference(text):
        return Q(subject__reference=text.upper())
    return Q(title__collated__contains=text)


def _models_with_breaches(user: User) -> list[tuple[str, str]]:
    """Return the models that have breaches the user may see, as (slug, name)."""
    groups = BreachGroup.objects.visible_to(user).filter(model__isnull=False)
    models = Model.objects.visible_to(user).filter(pk__in=groups.values("model_id"))
    return list(models.order_by(*BY_NAME).values_list("slug", "name"))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("Use ISO 8601 with the offset, such as 2026-11-23T10:00:00Z; write + as %2B.")
    return moment


BREACHES = ListSpec(
    filters={
        "state": filtering.choice("State", "state", BreachState),
        "q": Filter("Text", _text, is_many=False, help="A part of the title, or a reference."),
        "model": filtering.slug(
            "Model",
            "model",
            Model.objects.visible_to,
            options=_models_with_breaches,
            special_values=(("none", "Not registered"),),
            help="The slug of a model, or none for models that nobody registered.",
        ),
        "model_name": filtering.exact("Model name", "model_name", help="What tools call the model."),
        "kind": filtering.choice("Kind", "kind", SignalKind),
        "level": filtering.choice("Level", "level", BreachLevel),
    },
    orders={
        "-opened_at": Order("Newest", ("-opened_at", "-id")),
        "opened_at": Order("Oldest", ("opened_at", "id")),
        "-level": Order("Worst first", ("-level", "-opened_at", "-id")),
        "level": Order("Least first", ("level", "-opened_at", "-id")),
        "id": Order("By number", ("id",)),
        "-id": Order("By number, last first", ("-id",)),
    },
)
SERIES = ListSpec(
    filters={
        "model": filtering.exact("Model", "model_name", help="What tools call the model."),
        "metric": filtering.exact("Metric", "metric"),
        "feature": filtering.exact("Feature", "feature"),
        "kind": filtering.choice("Kind", "kind", SignalKind),
        "source": filtering.exact("Source", "source__slug", help="The slug of a source."),
    },
    orders={**_BY_NUMBER, "model": Order("Model", ("model_name", "metric", "feature", "slice", "id"))},
)
SOURCES = ListSpec(
    filters={
        "slug": filtering.exact("Slug", "slug"),
        "adapter": filtering.choice("Format", "adapter", Adapter),
    },
    orders={"name": Order("Name, A to Z", BY_NAME), **_BY_NUMBER},
)
THRESHOLDS = ListSpec(
    filters={
        "series": filtering.key("Series", "series_id", "The number of a series."),
        "model": filtering.exact("Model", "series__model_name", help="What tools call the model."),
        "source": filtering.exact("Source", "source__slug", help="The slug of a source."),
    },
    orders={**_BY_NUMBER, "name": Order("Name, A to Z", BY_NAME)},
)
VERSIONS = ListSpec(
    filters={
        "threshold": filtering.key("Threshold", "threshold_id", "The number of a threshold."),
        "state": filtering.choice("State", "state", Agreement),
    },
    orders=_BY_NUMBER,
)
POINTS = ListSpec(
    filters={
        "series": Filter(
            "Series",
            filtering.equals("series_id"),
            filtering.number,
            is_many=False,
            help="The number of one series.",
            shape=filtering.NUMBER,
        ),
        "from": filtering.moment("From", "ts__gte", _moment, "Points at or after this moment."),
        "until": filtering.moment("Until", "ts__lt", _moment, "Points before this moment."),
    },
    orders={"ts": Order("Oldest", ("ts",)), "-ts": Order("Newest", ("-ts",))},
    required=("series",),
)
