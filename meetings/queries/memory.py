"""The memory of a model and of a team: what was seen, decided, tried and learned, from the events."""

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from catalogue.models import ChangeRequest, Deployment, Model
from history.models import Event, RecordedQuerySet
from incidents.models import Incident, Postmortem
from kit.sight import Visitor
from learnings.models import Learning
from meetings.memory import WORDS
from meetings.models import CheckIn, Decision
from people.models import Team
from risklog.models import Experiment, Review, Risk
from signals.models import BreachGroup, Threshold


def of_model(user: Visitor, model: Model) -> RecordedQuerySet[Event]:
    """Return the events of a model that the reader may see, in no order."""
    return _events(user, Model.objects.filter(pk=model.pk), Q())


def of_team(user: Visitor, team: Team) -> RecordedQuerySet[Event]:
    """Return the events of a team and of its models that the reader may see, in no order."""
    return _events(user, Model.objects.filter(owner_team=team), Q(team=team))


def link_of_model(user: Visitor, model: Model) -> str:
    return reverse("meetings:memory_of_model", args=[model.slug])


def link_of_team(user: Visitor, team: Team) -> str:
    return reverse("meetings:memory_of_team", args=[team.slug])


def _events(user: Visitor, models: QuerySet[Model], of_team: Q) -> RecordedQuerySet[Event]:
    """Return the events about these models. of_team: a condition of what is of a team without a model."""
    ids = models.values("pk")
    risks = Risk.objects.filter(Q(model__in=ids) | of_team if of_team else Q(model__in=ids))
    incidents = Incident.objects.filter(Q(model__in=ids) | of_team if of_team else Q(model__in=ids))
    groups = BreachGroup.objects.filter(model__in=ids)
    experiments = Experiment.objects.filter(model__in=ids)
    reviews = Review.objects.filter(model__in=ids)
    own = [models, risks, incidents, groups, experiments, reviews]
    about = _any_of(own)
    told = [
        *own,
        CheckIn.objects.filter(model__in=ids),
        Deployment.objects.filter(model__in=ids),
        ChangeRequest.objects.filter(model__in=ids),
        Threshold.objects.filter(series__model__in=ids),
        Postmortem.objects.filter(incident__in=incidents.values("pk")),
        Decision.objects.filter(about__in=about),
        Learning.objects.filter(Q(model__in=ids) | Q(about__in=about)),
    ]
    rows = Event.objects.filter(verb__in=list(WORDS), subject__in=_any_of(told)).visible_to(user)
    return rows.select_related("subject")


def _any_of(rows: list[Any]) -> Any:
    """Return the subjects of all these rows as one subquery, which PostgreSQL joins to the events."""
    first, *others = [one.order_by().values("subject") for one in rows]
    return first.union(*others)
