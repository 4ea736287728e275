"""The open work of one person from all rooms, for "my week" and for the digest. One query each."""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from leaders.queries import waiting
from learnings.models import Learning
from learnings.states import LearningState
from meetings.models import Meeting
from meetings.states import TO_COME
from people.models import Membership, User
from risklog.models import (
    Challenge,
    Climb,
    Escalation,
    Experiment,
    ExperimentOwner,
    Reviewer,
    Risk,
    Score,
)
from risklog.states import LIVE_RISKS, UNRESOLVED, ExperimentState, ReviewState, ScoringState
from signals.models import BreachGroup
from signals.states import BreachState


def reviews_to_answer(user: User) -> QuerySet[Reviewer]:
    """Return open reviews that this person was asked for and has not answered, the soonest due first."""
    rows = Reviewer.objects.unanswered().filter(user=user, review__state=ReviewState.OPEN)
    return (
        rows.visible_to(user)
        .select_related("review__subject", "review__model", "stands_in_for")
        .order_by("review__due_at", "id")
    )


class ForHome(NamedTuple):
    """What "my week" reads of a person with one query, because the page takes at most fifteen.

    scores: those that wait for the person, {"reference", "title", "ends_on", "stands_in_for"}.
    experiments: those that do, {"subject_id", "reference", "title", "state", "ends_on", "open_challenges"}.
    acceptances: the proposed ones that the person may decide, {"subject_id", "reference", "title", "until"}.
    is_sponsor: whether something was raised to the person, or they sponsor a meeting series.
    """

    scores: list[dict[str, Any]]
    experiments: list[dict[str, Any]]
    acceptances: list[dict[str, Any]]
    is_sponsor: bool


def for_home(user: User, *, until: date, most: int) -> ForHome:
    """Return what waits for this person in the risk log, and whether they are a sponsor. One query.

    until: the last day of the expected results of experiments. most: of each.
    """
    rows = User.objects.filter(pk=user.pk).values_list(
        ArraySubquery(_scores_to_give(user)[:most]),
        ArraySubquery(_experiments_to_lead(user, until)[:most]),
        ArraySubquery(_acceptances_to_decide(user)[:most]),
        ExpressionWrapper(waiting.is_sponsor(), BooleanField()),
    )
    scores, experiments, acceptances, is_sponsor = rows.get()
    # Who may not decide has an empty queryset, which Django selects as NULL.
    return ForHome(scores, experiments, acceptances or [], is_sponsor)


def _scores_to_give(user: User) -> QuerySet[Any]:
    """Return open rounds of scoring that wait for this person, the soonest last day first."""
    rows = Score.objects.filter(user=user, answered_at__isnull=True, round__state=ScoringState.OPEN)
    risk = {"reference": "round__risk__subject__reference", "title": "round__risk__title"}
    row = JSONObject(**risk, ends_on="round__ends_on", stands_in_for="stands_in_for__name")
    return rows.visible_to(user).order_by("round__ends_on", "id").values(row=row)


def _experiments_to_lead(user: User, until: date) -> QuerySet[Any]:
    """Return own running experiments whose result is expected, and own ones with unanswered challenges."""
    owned = ExperimentOwner.objects.filter(user=user, is_current=True).values("experiment")
    unanswered = Challenge.objects.filter(experiment=OuterRef("pk"), answered_at__isnull=True)
    counted = unanswered.order_by().values("experiment").annotate(number=Count("pk")).values("number")
    rows = Experiment.objects.filter(pk__in=owned).annotate(open_challenges=Coalesce(Subquery(counted), 0))
    is_due = Q(state=ExperimentState.RUNNING, ends_on__lte=until)
    names = ("subject_id", "title", "state", "ends_on", "open_challenges")
    row = JSONObject(reference="subject__reference", **{name: name for name in names})
    found = rows.filter(is_due | Q(open_challenges__gt=0)).visible_to(user)
    return found.order_by("ends_on", "id").values(row=row)


def _acceptances_to_decide(user: User) -> QuerySet[Any]:
    """Return the proposed acceptances on which this person may decide, the oldest first."""
    row = JSONObject(
        subject_id="risk__subject_id",
        reference="risk__subject__reference",
        title="risk__title",
        until="until",
    )
    return waiting.acceptances_for(user).values(row=row)


def escalations_to(user: User) -> QuerySet[Escalation]:
    """Return unresolved escalations to this person, oldest first."""
    called = Climb.objects.filter(notified_ids__contains=[user.pk]).values("escalation_id")
    rows = Escalation.objects.filter(
        Q(pk__in=called) | Q(acknowledged_by=user), state__in=UNRESOLVED
    ).visible_to(user)
    return rows.select_related("subject", "acknowledged_by").order_by("started_at", "id")


def meetings_of(user: User, *, since: datetime, until: datetime) -> QuerySet[Meeting]:
    """Return upcoming meetings that this person facilitates, stands in for, observes, or takes part in."""
    rows = Meeting.objects.filter(
        Q(facilitator=user)
        | Q(stand_in=user)
        | Q(observer=user)
        | Q(series__participants=user)
        | Q(series__teams__in=_teams(user)),
        state__in=TO_COME,
        series__is_draft=False,
        ends_at__gt=since,
        starts_at__lt=until,
    )
    return (
        rows.visible_to(user)
        .select_related("subject", "series", "focus", "facilitator")
        .order_by("starts_at", "id")
        .distinct()
    )


def learning_drafts(user: User) -> QuerySet[Learning]:
    """Return their own drafts, and those without an author about reviews they answered, newest first."""
    answered = Reviewer.objects.filter(user=user, answered_at__isnull=False).values("review__subject_id")
    rows = Learning.objects.filter(
        Q(author=user) | Q(author__isnull=True, about_id__in=answered), state=LearningState.DRAFT
    )
    return rows.visible_to(user).select_related("subject", "author").order_by("-made_at", "-id")


def breaches_of_my_teams(user: User) -> QuerySet[BreachGroup]:
    """Return open breach groups of models that this person's teams own, the worst and newest first.

    Muted ones are left out.
    """
    rows = BreachGroup.objects.filter(
        state=BreachState.OPEN, is_muted=False, model__owner_team__in=_teams(user)
    )
    return rows.visible_to(user).select_related("subject", "model").order_by("-level", "-opened_at", "-id")


def unowned_risks(user: User) -> QuerySet[Risk]:
    """Return live risks without an active owner, the most severe first."""
    left = User.objects.filter(is_active=False)
    rows = Risk.objects.filter(Q(owner__isnull=True) | Q(owner__in=left), state__in=LIVE_RISKS)
    return rows.visible_to(user).select_related("subject", "team").order_by("-severity", "-id")


def _teams(user: User) -> QuerySet:
    return Membership.objects.filter(user=user).values("team_id")
