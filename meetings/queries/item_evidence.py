"""The evidence of an agenda item: its metric, the answers of reviewers, the linked risk, the last actions."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Q, QuerySet

from actions.models import Action
from actions.states import UNFINISHED
from history.models import Subject
from meetings.models import AgendaItem, Decision, Meeting
from meetings.queries.agenda import Line
from people.models import User
from risklog.models import Escalation, Experiment, Review, Risk
from risklog.states import LIVE_RISKS, UNRESOLVED, ReviewState
from signals.models import Breach, BreachGroup, Series, Snapshot
from signals.queries import chart as charts
from signals.queries import snapshot as pinned
from signals.queries.chart import Chart

_ACTIONS, _ACTIONS_OF_SERIES = 5, 30
_DAYS = 45  # of the chart


@dataclass(frozen=True, slots=True)
class ItemEvidence:
    """What the page shows of the subject of an item.

    review: an open one, with its reviewers. chart: of the metric, with its limits and breaches. risk: the
    subject itself, or the live risk that it is linked to. escalation: the unresolved one about them. actions:
    the latest ones about them; of the item about earlier meetings, the open ones of those meetings.
    experiment: the subject itself, whose rule says what its result decides. snapshots: the latest ones that
    are pinned to the subject.
    """

    review: Review | None = None
    chart: Chart | None = None
    risk: Risk | None = None
    escalation: Escalation | None = None
    actions: Sequence[Action] = field(default_factory=list)
    experiment: Experiment | None = None
    snapshots: Sequence[Snapshot] = field(default_factory=list)


NOTHING = ItemEvidence()


def evidence(line: Line | None, user: User, at: datetime) -> ItemEvidence:
    """Return the evidence of a line as far as the reader may see it. The queries depend only on its kind."""
    if line is None or line.subject is None:
        return NOTHING
    subject = line.subject
    if subject.kind == Meeting.KIND:
        return ItemEvidence(actions=actions_of_series(line.item, user))
    return replace(_of_subject(subject, user, at), snapshots=pinned.pinned_to(user, subject))


def _of_subject(subject: Subject, user: User, at: datetime) -> ItemEvidence:
    if subject.kind == Experiment.KIND:
        return _of_experiment(subject, user, at)
    review = open_review(subject)
    group_id = _group_of(review.about if review else subject)
    worst = _worst(group_id, user)
    risk = _risk(subject, review, group_id, user)
    ids = [subject.pk, group_id, risk.subject_id if risk else None, review.about_id if review else None]
    about = [pk for pk in ids if pk]
    series = worst.series if worst else risk.series if risk else None
    chart = _chart(series, user, at)
    return ItemEvidence(review, chart, risk, _escalation(about, user), _last_actions(about, user))


def _of_experiment(subject: Subject, user: User, at: datetime) -> ItemEvidence:
    """Return the experiment with the chart of its metric. The reader may see the subject."""
    experiment = Experiment.objects.select_related("subject", "series__subject").get(subject=subject)
    about = [subject.pk]
    return ItemEvidence(
        chart=_chart(experiment.series, user, at),
        escalation=_escalation(about, user),
        actions=_last_actions(about, user),
        experiment=experiment,
    )


def open_review(subject: Subject | None) -> Review | None:
    """Return the open review that is the subject of an item, with its reviewers; None for other subjects."""
    if subject is None or subject.kind != Review.KIND:
        return None
    rows = Review.objects.filter(subject=subject, state=ReviewState.OPEN).select_related("about", "model")
    return rows.prefetch_related("reviewers__user", "reviewers__function").first()


def actions_of_series(item: AgendaItem, user: User) -> list[Action]:
    """Return the open actions of earlier meetings of the series, and those settled since the last one."""
    series = item.meeting.series_id
    held = Meeting.objects.filter(series=series).exclude(pk=item.meeting_id)
    decisions = Decision.objects.filter(meeting__in=held).values("subject")
    last = held.filter(closed_at__isnull=False).order_by("-closed_at").first()
    is_new = Q(settled_at__gte=last.closed_at) if last else Q(pk__in=[])
    rows = _actions(user).filter(Q(origin__in=decisions) | Q(origin__in=held.values("subject")))
    rows = rows.filter(Q(state__in=UNFINISHED) | is_new)
    return list(rows.order_by("settled_at", "due_on", "id")[:_ACTIONS_OF_SERIES])


def _actions(user: User) -> QuerySet[Action]:
    return Action.objects.visible_to(user).select_related("subject", "owner")


def _last_actions(about: Sequence[int], user: User) -> list[Action]:
    return list(_actions(user).filter(about__in=about).order_by("-id")[:_ACTIONS])


def _group_of(subject: Subject) -> int | None:
    return subject.pk if subject.kind == BreachGroup.KIND else None


def _worst(group_id: int | None, user: User) -> Breach | None:
    """Return the worst breach of a group with a metric that the reader may see."""
    if group_id is None:
        return None
    rows = Breach.objects.visible_to(user).filter(group__subject=group_id, series__isnull=False)
    return rows.select_related("series__subject").order_by("-level", "id").first()


def _chart(series: Series | None, user: User, at: datetime) -> Chart | None:
    """Return the chart of a series; None if the reader may not see it, or if it has no recent points."""
    if series is None or not series.subject.is_visible_to(user):
        return None
    drawn = charts.recent(user, series, days=_DAYS, at=at)
    return drawn if drawn.has_points else None


def _risk(subject: Subject, review: Review | None, group_id: int | None, user: User) -> Risk | None:
    ids = [subject.pk, review.about_id if review else subject.pk]
    linked = Q(subject__in=ids)
    if group_id is not None:
        linked |= Q(breach_group__subject=group_id, state__in=LIVE_RISKS)
    rows = Risk.objects.visible_to(user).filter(linked).select_related("subject", "series__subject", "owner")
    return rows.order_by("-severity", "id").first()


def _escalation(about: Sequence[int], user: User) -> Escalation | None:
    rows = Escalation.objects.visible_to(user).filter(about__in=about, state__in=UNRESOLVED)
    return rows.select_related("subject").order_by("next_climb_at", "id").first()
