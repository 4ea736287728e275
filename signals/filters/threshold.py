"""The list specifications of thresholds and their versions."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q

from lists import filtering
from lists.collation import BY_NAME
from lists.specification import Filter, ListSpec, Order, Reader
from signals.filters.source import BY_NUMBER
from signals.models import Mute, ThresholdVersion
from signals.states import Agreement, SignalKind


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match a part of the name, or of what tools call the model."""
    text = values[0].strip()
    return Q(name__collated__contains=text) | Q(series__model_name__icontains=text)


def _has_version(state: str) -> Q:
    return Q(Exists(ThresholdVersion.objects.filter(threshold=OuterRef("pk"), state=state)))


def _is_muted(reader: Reader) -> Q:
    now = Mute.objects.filter(threshold=OuterRef("pk"), starts_at__lte=reader.at, ends_at__gt=reader.at)
    return Q(Exists(now))


_TRIGGERS = ThresholdVersion.objects.filter(
    threshold=OuterRef("pk"), state=Agreement.ACTIVE, is_retraining_trigger=True
)
_STATES = {
    "active": ("In force", lambda reader: _has_version(Agreement.ACTIVE)),
    "proposed": ("With a proposal", lambda reader: _has_version(Agreement.PROPOSED)),
    "none": ("Not in force", lambda reader: ~_has_version(Agreement.ACTIVE)),
    "muted": ("Muted now", _is_muted),
    "noisy": ("Noisy", lambda reader: Q(noisy_at__isnull=False)),
    "trigger": ("Retraining trigger", lambda reader: Q(Exists(_TRIGGERS))),
}

THRESHOLDS = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="A part of the name, or of the name of the model."),
        "state": filtering.named("State", _STATES, help="What is true of the threshold now."),
        "kind": filtering.choice("Kind", "series__kind", SignalKind, help="The kind of its signal."),
        "series": filtering.key("Series", "series_id", "The number of a series."),
        "model": filtering.exact("Model", "series__model_name", help="What tools call the model."),
        "source": filtering.exact("Source", "source__slug", help="The slug of a source."),
    },
    orders={
        **BY_NUMBER,
        "name": Order("Name, A to Z", BY_NAME),
        "-noisy_at": Order("Noted as noisy last", ("-noisy_at", "-id")),
    },
)


VERSIONS = ListSpec(
    filters={
        "threshold": filtering.key("Threshold", "threshold_id", "The number of a threshold."),
        "state": filtering.choice("State", "state", Agreement),
    },
    orders=BY_NUMBER,
)
