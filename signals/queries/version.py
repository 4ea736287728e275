"""Thresholds with their versions, as their page tells them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from history.models import RecordedQuerySet, Subject, may_be_seen_by
from people.models import User
from signals.models import Series, Threshold, ThresholdVersion
from signals.states import Agreement


def thresholds() -> RecordedQuerySet[Threshold]:
    """All thresholds with what a page needs; the reader's share is `.visible_to(user)`."""
    return Threshold.objects.select_related("subject", "series__subject", "series__model", "source")


def versions_of(user: User, threshold: Threshold) -> list[ThresholdVersion]:
    """All versions, newest first, with `breach_count` and `shown_in`: the decision, if it may be seen."""
    found: list[Any] = list(
        threshold.versions.select_related("proposed_by", "agreed_by", "agreed_in")
        .annotate(breach_count=Count("breaches", filter=may_be_seen_by(user, "breaches__group__subject__")))
        .order_by("-number")
    )
    ids = [version.agreed_in_id for version in found if version.agreed_in_id]
    seen = (
        set(Subject.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
        if ids
        else set()
    )
    for version in found:
        version.shown_in = version.agreed_in if version.agreed_in_id in seen else None
    return found


@dataclass(frozen=True, slots=True)
class SeriesThreshold:
    """A threshold on a series: the version in force, None while there is none, and the open proposals."""

    threshold: Threshold
    active: ThresholdVersion | None
    proposed: Sequence[ThresholdVersion]


def watches(user: User, series: Series) -> list[SeriesThreshold]:
    """The thresholds on a series, as they stand. Two queries."""
    found = list(thresholds().filter(series=series).visible_to(user).order_by("name", "id"))
    rows = ThresholdVersion.objects.filter(
        threshold__in=found, state__in=(Agreement.ACTIVE, Agreement.PROPOSED)
    ).select_related("agreed_by", "proposed_by")
    by_threshold: dict[int, list[ThresholdVersion]] = {}
    for version in rows.order_by("number"):
        by_threshold.setdefault(version.threshold_id, []).append(version)
    return [_watch(threshold, by_threshold.get(threshold.pk, [])) for threshold in found]


def _watch(threshold: Threshold, versions: Sequence[ThresholdVersion]) -> SeriesThreshold:
    active = next((version for version in versions if version.state == Agreement.ACTIVE), None)
    return SeriesThreshold(threshold, active, [one for one in versions if one.state == Agreement.PROPOSED])
