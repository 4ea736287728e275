"""Queries of thresholds and their versions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from history.models import Event, RecordedQuerySet, Subject, may_be_seen_by
from history.queries import present_data
from lists.collation import BY_NAME
from people.models import User
from signals.models import Series, Threshold, ThresholdVersion
from signals.rule_text import breach_measure, limit_text
from signals.states import Agreement, RuleDirection, RuleKind
from signals.thresholds import Rule

# breach_measure and limit_text are also for upper rooms.
__all__ = [
    "RULE_FIELDS",
    "SeriesThreshold",
    "breach_measure",
    "declines_of",
    "is_worse",
    "limit_text",
    "thresholds",
    "thresholds_of",
    "versions_of",
    "with_threshold",
]

_DECLINED = "signals.threshold_declined"
# The fields of a version that are its rule.
RULE_FIELDS = tuple(field.name for field in fields(Rule))


def thresholds() -> RecordedQuerySet[Threshold]:
    """Return all thresholds with what a page needs. Callers add `.visible_to(user)`."""
    return Threshold.objects.select_related("subject", "series__subject", "series__model", "source")


def in_force_on(series: Series) -> RecordedQuerySet[ThresholdVersion]:
    """Return the versions in force on a series, oldest threshold first. Callers add `.visible_to(user)`."""
    rows = ThresholdVersion.objects.filter(threshold__series=series, state=Agreement.ACTIVE)
    return rows.select_related("threshold").order_by("threshold_id")


def rule_of(version: ThresholdVersion) -> Rule:
    """Return the rule of a version, as signals.thresholds takes it."""
    return Rule(**{name: getattr(version, name) for name in RULE_FIELDS})


def is_worse(series: Series, before: float, after: float) -> bool:
    """Return True if the rules in force say that a value is worse than the one before it. One query.

    Without a rule that says which direction is worse, and where rules disagree, it is not. Of a range, the
    value that is further outside is worse.
    """
    found = {_got_worse(rule_of(version), before, after) for version in in_force_on(series)}
    return found - {None} == {True}


def _got_worse(rule: Rule, before: float, after: float) -> bool | None:
    """Return None if the rule cannot say it."""
    if rule.kind == RuleKind.RANGE:
        return max(rule.badness(after), 0) > max(rule.badness(before), 0)
    if rule.kind == RuleKind.SILENCE or rule.direction == RuleDirection.BOTH:
        return None
    return after > before if rule.direction == RuleDirection.ABOVE else after < before


def with_threshold(versions: QuerySet[ThresholdVersion]) -> QuerySet[ThresholdVersion]:
    """Load the thresholds of versions, and what says who may agree to them."""
    return versions.select_related("threshold__subject", "threshold__series__model__owner_team__lead")


def versions_of(user: User, threshold: Threshold) -> list[ThresholdVersion]:
    """Return all versions, newest first, each with `breach_count`, `shown_in` and `declined`.

    breach_count: number of breaches that the user may see. shown_in: the subject of the decision that agreed
    the version, None if the user may not see it. declined: a Declined, None for other versions.
    """
    versions: list[Any] = list(
        threshold.versions.select_related("proposed_by", "agreed_by", "agreed_in")
        .annotate(breach_count=Count("breaches", filter=may_be_seen_by(user, "breaches__group__subject__")))
        .order_by("-number")
    )
    ids = [version.agreed_in_id for version in versions if version.agreed_in_id]
    visible = (
        set(Subject.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
        if ids
        else set()
    )
    declined = declines_of(versions)
    for version in versions:
        version.shown_in = version.agreed_in if version.agreed_in_id in visible else None
        version.declined = declined.get(version.pk)
    return versions


@dataclass(frozen=True, slots=True)
class Declined:
    """Who declined a version, when and why. by: the subject of the person; None if Riskhub did."""

    by: Subject | None
    at: datetime
    reason: str


def declines_of(versions: Iterable[ThresholdVersion]) -> dict[int, Declined]:
    """Return version id -> Declined, of those that were declined. One query, none without such a version."""
    by_key = {
        (version.subject_id, version.number): version.pk
        for version in versions
        if version.state == Agreement.DECLINED
    }
    if not by_key:
        return {}
    rows = Event.objects.filter(subject__in={subject for subject, _ in by_key}, verb=_DECLINED)
    found = {}
    for event in rows.select_related("actor").order_by("at", "pk"):
        data = present_data(event)
        if pk := by_key.get((event.subject_id, data["number"])):
            found[pk] = Declined(event.shown_actor, event.at, data["why"])
    return found


@dataclass(frozen=True, slots=True)
class SeriesThreshold:
    """A threshold of a series. active: the version in force or None. proposed: its open proposals."""

    threshold: Threshold
    active: ThresholdVersion | None
    proposed: Sequence[ThresholdVersion]


def thresholds_of(user: User, series: Series) -> list[SeriesThreshold]:
    """Return the thresholds on a series that the user may see. Two queries."""
    visible = list(thresholds().filter(series=series).visible_to(user).order_by(*BY_NAME))
    rows = ThresholdVersion.objects.filter(
        threshold__in=visible, state__in=(Agreement.ACTIVE, Agreement.PROPOSED)
    ).select_related("agreed_by", "proposed_by")
    by_threshold: dict[int, list[ThresholdVersion]] = {}
    for version in rows.order_by("number"):
        by_threshold.setdefault(version.threshold_id, []).append(version)
    return [_series_threshold(threshold, by_threshold.get(threshold.pk, [])) for threshold in visible]


def _series_threshold(threshold: Threshold, versions: Sequence[ThresholdVersion]) -> SeriesThreshold:
    active = next((version for version in versions if version.state == Agreement.ACTIVE), None)
    return SeriesThreshold(
        threshold, active, [version for version in versions if version.state == Agreement.PROPOSED]
    )
