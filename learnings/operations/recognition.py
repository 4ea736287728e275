"""Give a recognition, change its texts, withdraw it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Subject
from history.operations import Placement
from kit.actor import Actor
from kit.figures import checked
from kit.refusals import IllegalMove, Refused
from learnings import events
from learnings.models import Recognition, ThankedPerson
from learnings.queries import recognition as queries
from learnings.states import MEASURED, OUTCOMES, RecognitionKind, RecognitionState
from people.models import Team, User
from risklog.queries import metric
from signals.models import Series
from signals.queries.version import is_worse

CHANGEABLE = frozenset({"title", "text"})
MAX_PEOPLE = 20
MIN_DAYS, DAYS, MAX_DAYS = 1, 14, 180
FIRST_YEAR, LAST_YEAR = 1000, 2999


@dataclass(frozen=True, slots=True)
class Figures:
    """What changed: a metric with the day it changed on, or typed figures with their source.

    series, changed_on, days: the means of the days before and from that day on are read from the points.
    """

    series: Series | None = None
    changed_on: date | None = None
    days: int | None = None
    name: str = ""
    unit: str = ""
    before: float | None = None
    after: float | None = None
    source: str = ""

    @property
    def is_empty(self) -> bool:
        return self == Figures()


def figures_of(given: Mapping[str, Any]) -> Figures:
    """Return the figures of values named metric_…, such as those of a form. Days alone are no figures."""
    names = [name for name, value in given.items() if name.startswith("metric_") and value is not None]
    found = {name.removeprefix("metric_"): given[name] for name in names}
    if "series" not in found:
        found.pop("days", None)
    return Figures(**found)


@transaction.atomic
def give(
    *,
    title: str,
    kind: str,
    about: Subject,
    by: Actor,
    at: datetime,
    people: Sequence[User] = (),
    team: Team | None = None,
    text: str = "",
    figures: Figures | None = None,
) -> Recognition:
    """Thank people or a team for an outcome. Everyone who may see the outcome may see it.

    Raises Refused(field="title", "kind", "about", "people", "team" or "metric_…").
    """
    if kind not in RecognitionKind.values:
        raise Refused(f"Use one of {', '.join(RecognitionKind.values)}.", field="kind")
    if about.kind not in OUTCOMES:
        raise Refused(
            "Name an outcome: a risk, review, breach, escalation, action, decision, change request,"
            " deployment, incident or experiment.",
            field="about",
        )
    _check_thanked(people, team, about, by)
    given = Recognition(
        **_clean({"title": title, "text": text}),
        kind=kind,
        about=about,
        team=team,
        author=by.person if isinstance(by.person, User) else None,
        given_at=at,
        **_metric(figures or Figures(), kind=kind),
    )
    history.record(
        given,
        "learnings.recognition_given",
        by=by,
        at=at,
        rows=[ThankedPerson(recognition=given, person=person) for person in people],
        placed=Placement(parent=about, grants=history.author(by)),
    )
    return given


@transaction.atomic
def change(
    given: Recognition, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Recognition:
    """Change title and text. Raises Refused(field=…), IllegalMove if it is withdrawn, ChangedMeanwhile."""
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    if given.is_withdrawn:
        raise IllegalMove("This recognition is withdrawn.", field="state")
    if history.change(given, _clean(values), by=by, at=at, seen=seen):
        history.retitle(given)
    return given


@transaction.atomic
def withdraw(
    given: Recognition, *, by: Actor, at: datetime, reason: str = "", seen: int | None = None
) -> Recognition:
    """Withdraw a recognition that was given by mistake. Its page stays, with the reason."""
    payload = events.RecognitionWithdrawn(reason=reason.strip() or None)
    history.move(given, RecognitionState.WITHDRAWN, by=by, at=at, seen=seen, payload=payload)
    history.retire(given)
    return given


def _check_thanked(people: Sequence[User], team: Team | None, about: Subject, by: Actor) -> None:
    if not people and team is None:
        raise Refused("Choose the people or the team to thank.", field="people")
    if len(people) > MAX_PEOPLE:
        raise Refused(f"Thank at most {MAX_PEOPLE} people by name, or their team.", field="people")
    if len({person.pk for person in people}) < len(people):
        raise Refused("Name each person once.", field="people")
    for person in people:
        if not person.is_active:
            raise Refused(f"{person.name} has left. Thank people who are here.", field="people")
        if by.person is not None and person.pk == by.person.pk:
            raise Refused("Thank others: you cannot thank yourself.", field="people")
        if not about.is_visible_to(person):
            raise Refused(f"{person.name} does not see {_name(about)}. {_FIX}", field="people")
    if team is not None and about.viewers is not None and team.subject_id not in about.viewers:
        raise Refused(f"{team.name} does not see {_name(about)}. {_FIX}", field="team")


_FIX = "Thank somebody who sees it, or thank for an outcome that everyone sees."


def _name(about: Subject) -> str:
    return about.reference or about.title


def _metric(figures: Figures, *, kind: str) -> dict[str, Any]:
    """Return the fields metric_… of a recognition. Raises Refused(field="metric_…")."""
    if figures.is_empty:
        if kind in MEASURED:
            raise Refused(
                "Show what changed: choose a metric and the day it changed on, or enter the figures before"
                " and after with their source.",
                field="metric_series",
            )
        return {}
    if figures.series is None:
        return _typed(figures)
    found = _of_series(figures.series, figures)
    if kind in MEASURED:
        _check_better(figures.series, found["metric_before"], found["metric_after"])
    return found


def _check_better(series: Series, before: float, after: float) -> None:
    """Raise Refused(field="metric_series") if the rules in force say that the figure got worse."""
    if is_worse(series, before, after):
        verb = "rose" if after > before else "fell"
        raise Refused(
            f"{series.subject_title} {verb} from {before:.4g} to {after:.4g}, which its threshold counts as"
            " worse. Choose the metric that improved, another day, or another outcome.",
            field="metric_series",
        )


def _typed(figures: Figures) -> dict[str, Any]:
    missing: dict[str, Any] = {
        "metric_name": figures.name.strip(),
        "metric_before": figures.before,
        "metric_after": figures.after,
        "metric_source": figures.source.strip(),
    }
    for field, value in missing.items():
        if value in (None, ""):
            raise Refused("Enter the name, both figures and their source.", field=field)
    for field in ("metric_before", "metric_after"):
        checked(missing[field], field)
    return {**missing, "metric_unit": figures.unit.strip()}


def _of_series(series: Series, figures: Figures) -> dict[str, Any]:
    day, days = figures.changed_on, figures.days or DAYS
    if figures.before is not None or figures.after is not None:
        raise Refused("The figures of a metric are read. Leave these blank.", field="metric_before")
    if day is None:
        raise Refused("Enter the day on which it changed.", field="metric_changed_on")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Refused(f"Use a year from {FIRST_YEAR} to {LAST_YEAR}.", field="metric_changed_on")
    if not MIN_DAYS <= days <= MAX_DAYS:
        raise Refused(f"Use {MIN_DAYS} to {MAX_DAYS} days.", field="metric_days")
    before, after = queries.spans(day, days)
    found = metric.means([series.pk], before, after).get(series.pk, (None, None))
    for mean, side in zip(found, ("before", "from"), strict=True):
        if mean is None:
            raise Refused(
                f"The metric has no points in the {days} days {side} {day:%-d %b %Y}. Choose another day or"
                " more days.",
                field="metric_changed_on",
            )
    return {
        "metric_series": series,
        "metric_changed_on": day,
        "metric_days": days,
        "metric_name": series.subject_title[:120],
        "metric_unit": series.unit,
        "metric_before": found[0],
        "metric_after": found[1],
    }


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = {name: value.strip() for name, value in values.items()}
    if "title" in cleaned and not cleaned["title"]:
        raise Refused("Say in one sentence what you thank for.", field="title")
    return cleaned
