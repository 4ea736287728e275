"""Queries of recognitions: the feed, those of a subject, a person and a team, and the chart of one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Prefetch, Q

from history.digest_parts import DigestPart, Said
from history.models import RecordedQuerySet, Subject
from history.queries import show
from kit.rights import may
from learnings.models import Recognition, ThankedPerson
from learnings.states import OUTCOMES, RecognitionKind, RecognitionState
from people import queries as people
from people.models import Team, User
from risklog.queries.metric import Period
from signals.queries import points

PANEL_SIZE = 5


def recognitions() -> RecordedQuerySet[Recognition]:
    """Return all recognitions with what a page needs. Callers add `.visible_to(user)`."""
    rows = Recognition.objects.select_related("subject", "author", "team", "about", "metric_series__subject")
    thanked = ThankedPerson.objects.select_related("person").order_by("pk")
    return rows.prefetch_related(Prefetch("thanked", queryset=thanked))


def given(user: User) -> RecordedQuerySet[Recognition]:
    """Return the recognitions that the user may see and that were not withdrawn, newest first."""
    rows = recognitions().filter(state=RecognitionState.GIVEN)
    return rows.visible_to(user).order_by("-given_at", "-id")


def latest(user: User) -> Sequence[Recognition]:
    """Return the three newest recognitions that the user may see."""
    return set_visibility(user, given(user)[:3])


def since(user: User, condition: Q, *, since: datetime | None, until: datetime) -> Sequence[Recognition]:
    """Return the latest recognitions of a condition that the user may see, from `since` to `until`."""
    rows = given(user).filter(condition, given_at__lte=until)
    return set_visibility(user, (rows.filter(given_at__gte=since) if since else rows)[:PANEL_SIZE])


def set_visibility(user: User, rows: Iterable[Recognition]) -> Sequence[Recognition]:
    """Set shown_about and shows_metric of each row. The figures of a hidden metric are not shown."""
    found = show(user, rows)
    for row in found:
        series = row.metric_series
        row.shows_metric = row.has_figures and (series is None or series.subject.is_visible_to(user))
    return found


def spans(day: date, days: int) -> tuple[Period, Period]:
    """Return the period of `days` days before a day, and the one that begins with it.

    Days are those of the organisation's time zone.
    """
    middle = datetime.combine(day, time(), people.zone_of(None))
    length = timedelta(days=days)
    return (middle - length, middle), (middle, middle + length)


@dataclass(frozen=True, slots=True)
class MetricChart:
    """The points of the metric before and after the day on which it changed."""

    name: str
    unit: str
    before: points.Line
    after: points.Line
    changed_at: datetime
    start: datetime
    end: datetime


def chart(recognition: Recognition) -> MetricChart | None:
    """Return the chart of the figures, None for typed ones and where the points are no longer kept.

    The caller has checked that the user may see the metric.
    """
    series, day = recognition.metric_series, recognition.metric_changed_on
    if series is None or day is None or recognition.metric_days is None:
        return None
    before, after = spans(day, recognition.metric_days)
    lines = [points.window([series.pk], *period)[series.pk] for period in (before, after)]
    if not any(lines):
        return None
    return MetricChart(series.display_name, series.unit, lines[0], lines[1], after[0], before[0], after[1])


@dataclass(frozen=True, slots=True)
class RecognitionsPanel:
    """The newest recognitions of a page's object. new_for: the reference to thank for, "" if one may not."""

    rows: Sequence[Recognition]
    new_for: str = ""


def _panel(user: User, condition: Q, new_for: str = "") -> RecognitionsPanel | None:
    rows = set_visibility(user, given(user).filter(condition)[:PANEL_SIZE])
    return RecognitionsPanel(rows, new_for) if rows or new_for else None


def of_subject(user: User, obj: Any) -> RecognitionsPanel | None:
    """Return the panel of an outcome's page: who was thanked for it, and the link to thank."""
    subject: Subject = obj.subject
    may_thank = subject.kind in OUTCOMES and subject.reference and may(user, "learnings.recognition_give")
    return _panel(user, Q(about=subject), subject.reference or "" if may_thank else "")


def of_person(user: User, person: User) -> RecognitionsPanel | None:
    """Return what a person was thanked for by name, None for nothing."""
    return _panel(user, Q(pk__in=ThankedPerson.objects.filter(person=person).values("recognition")))


def of_team(user: User, team: Team) -> RecognitionsPanel | None:
    """Return what a team was thanked for, None for nothing."""
    return _panel(user, Q(team=team))


def subjects_of_recognitions_about(subject_id: Any) -> Any:
    """Return the subject ids of the recognitions of an outcome, for its timeline."""
    return Recognition.objects.order_by().filter(about_id=subject_id).values_list("subject_id")


def _given_between(since: datetime, until: datetime) -> RecordedQuerySet[Recognition]:
    return Recognition.objects.filter(given_at__gt=since, given_at__lte=until, state=RecognitionState.GIVEN)


def _said(moment: datetime, facts: Mapping[str, Any]) -> Said:
    """Say the kind of outcome and who thanks. The people are on its page."""
    by = f", thanked by {facts['author']}" if facts["author"] else ""
    return Said(f"{RecognitionKind(facts['kind']).label}{by}.")


IN_DIGEST = DigestPart(
    "recognition",
    "Recognition",
    rows=_given_between,
    moment="given_at",
    facts={"author": "author__name", "kind": "kind"},
    said=_said,
)
