"""What other pages show of experiments: the last ones about an object, those of a model, and what follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from catalogue.models import Model
from history.models import RecordedQuerySet, Subject
from kit import clock
from kit.rights import may
from kit.sight import Visitor
from people import queries as people
from people.models import User
from risklog.models import Experiment, Review, Risk
from risklog.states import ExperimentState, Outcome, RiskState
from signals.models import BreachGroup, Threshold
from signals.queries.pattern import Search

PANEL_SIZE = 5
_ROW = JSONObject(
    reference="subject__reference", title="title", state="state", outcome="outcome", ends_on="ends_on"
)


@dataclass(frozen=True, slots=True)
class ExperimentsPanel:
    """The latest experiments of an object, the newest first. rows: None if the panel has only the button.

    about: the reference of the object, "" if no experiment is proposed from here. is_asked_for: a review
    says that one is needed.
    """

    rows: Sequence[Mapping[str, Any]] | None
    about: str
    may_add: bool
    is_asked_for: bool = False


@dataclass(frozen=True, slots=True)
class PatternButton:
    """The button that proposes an experiment from a pattern."""

    may_add: bool


@dataclass(frozen=True, slots=True)
class PatternButtons:
    """The button of each row of the page of patterns. cells: by the key of the pattern."""

    cells: Mapping[str, PatternButton]


def of_each_risk(user: Visitor) -> ArraySubquery:
    """Return the latest experiments about each risk, its breach and its reviews, for annotate().

    One row is {"reference", "title", "state", "outcome", "ends_on"}, of those that the reader may see.
    """
    reviews = Review.objects.filter(about=OuterRef(OuterRef("subject"))).values("subject")
    about = Q(about=OuterRef("subject")) | Q(about=OuterRef("breach_group__subject")) | Q(about__in=reviews)
    rows = Experiment.objects.visible_to(user).filter(about).order_by("-id")
    return ArraySubquery(rows.values(row=_ROW)[:PANEL_SIZE])


def of_risk(user: User, risk: Risk, rows: Sequence[Mapping[str, Any]]) -> ExperimentsPanel:
    """Return the panel of a risk from its rows of of_each_risk(). No query."""
    today = people.local_day(clock.now())
    return ExperimentsPanel(
        [_shown(row, today) for row in rows],
        risk.reference if risk.state != RiskState.CLOSED else "",
        may(user, "risklog.experiment_add"),
    )


def _shown(row: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return a row with `is_overdue`."""
    is_over = bool(row["ends_on"]) and date.fromisoformat(row["ends_on"]) < today
    return {**row, "is_overdue": is_over and row["state"] == ExperimentState.RUNNING}


def of_review(user: User, review: Review) -> ExperimentsPanel | None:
    """Return the experiments about a review whose outcome is that one is needed; None for other reviews."""
    if review.outcome != Outcome.EXPERIMENT_NEEDED:
        return None
    return _panel(user, Experiment.objects.filter(about=review.subject), review.reference, is_asked_for=True)


def of_breach(user: User, group: BreachGroup) -> ExperimentsPanel | None:
    """Return the button of a breach, without its experiments, which its timeline shows. No query."""
    return ExperimentsPanel(None, group.reference, may(user, "risklog.experiment_add"))


def of_subject(user: User, about: Subject, *, is_offered: bool) -> ExperimentsPanel:
    """Return the last experiments about an object. is_offered: one can be proposed from it. One query."""
    reference = (about.reference or "") if is_offered else ""
    return _panel(user, Experiment.objects.filter(about=about), reference)


def of_model(user: User, model: Model) -> ExperimentsPanel:
    """Return the last experiments of a model. One query."""
    return _panel(user, Experiment.objects.filter(model=model), "")


def of_patterns(user: User, search: Search) -> PatternButtons:
    """Return the button of each pattern. No query."""
    button = PatternButton(may(user, "risklog.experiment_add"))
    return PatternButtons({pattern.key: button for pattern in search.patterns})


def _panel(
    user: User, rows: RecordedQuerySet[Experiment], about: str, *, is_asked_for: bool = False
) -> ExperimentsPanel:
    latest = rows.visible_to(user).order_by("-id").values_list(_ROW)[:PANEL_SIZE]
    today = people.local_day(clock.now())
    found = [_shown(row, today) for (row,) in latest]
    return ExperimentsPanel(found, about, may(user, "risklog.experiment_add"), is_asked_for)


def threshold_of(user: Visitor, experiment: Experiment) -> Threshold | None:
    """Return the threshold of the metric of an experiment, None without one. One query."""
    if experiment.series_id is None:
        return None
    rows = Threshold.objects.visible_to(user).filter(series=experiment.series_id, external_rule="")
    return rows.order_by("pk").first()
