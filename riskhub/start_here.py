"""Start here: what a newcomer of a team reads first, as a page and by API."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from actions.models import Action
from catalogue.models import Model
from catalogue.states import Stage
from history.models import Event
from kit.rights import view_needs
from learnings.models import Learning
from learnings.queries import learning as learnings
from lists.collation import BY_NAME
from meetings.models import Decision
from meetings.queries import decision as decisions
from pages.answers import respond
from people import queries as people
from people.models import Team, User
from people.permissions import SignedInRequest
from risklog.models import Ladder, Risk
from risklog.queries import ladder as ladders
from risklog.states import LIVE_RISKS, Severity

FEW, NEW_FOR = 5, timedelta(days=30)


@dataclass(frozen=True, slots=True)
class StartHere:
    """What a newcomer of a team reads first. ladders: those that apply to the team, by severity."""

    team: Team
    models: list[Model]
    risks: list[Risk]
    ladders: list[Ladder]
    decisions: list[Decision]
    learnings: list[Learning]


def of_team(team: Team, reader: User) -> StartHere:
    """Return what this reader may see: a constant number of queries."""
    models = Model.objects.visible_to(reader).filter(owner_team=team).exclude(stage=Stage.RETIRED)
    own = Q(team=team) | Q(model__owner_team=team)
    risks = Risk.objects.visible_to(reader).filter(own)
    about = Q(about__in=risks.values("subject")) | Q(about__in=models.values("subject"))
    decided = decisions.decisions(reader).filter(_decided_for(team, about)).distinct()
    live = risks.filter(state__in=LIVE_RISKS).select_related("subject", "category", "owner")
    learned = learnings.published(reader)
    of_own = list(learned.filter(about)[:FEW])
    return StartHere(
        team,
        list(models.select_related("subject").order_by(*BY_NAME)),
        list(live.order_by("-severity", "id")[:FEW]),
        _ladders(team, reader),
        list(decided[:FEW]),
        of_own or list(learned[:FEW]),
    )


def _decided_for(team: Team, about: Q) -> Q:
    """Return the condition of decisions about things of a team, or in its meetings about nobody else's.

    about: the condition that something is about the risks and models of the team. A series may have several
    teams, so its meetings also decide about the things of others.
    """
    actions = Action.objects.filter(about | Q(owner__memberships__team=team))
    own = about | Q(about__in=actions.values("subject"))
    kinds = [Risk.KIND, Model.KIND, Action.KIND]
    general = Q(about__isnull=True) | ~Q(about__kind__in=kinds)
    return own | Q(meeting__series__teams=team) & general


def _ladders(team: Team, reader: User) -> list[Ladder]:
    """Return the ladders that warnings and critical escalations of the team climb, each once."""
    in_use = list(ladders.for_pages(reader))
    chosen = [
        ladders.chosen(in_use, severity=severity, category_id=None, team_id=team.pk)
        for severity in Severity.values
    ]
    return [ladder for ladder in in_use if ladder in chosen]


@require_safe
@view_needs("people.team_view")
def page(request: SignedInRequest, slug: str) -> HttpResponse:
    team = get_object_or_404(people.teams(), slug=slug)
    context = {"here": of_team(team, request.user)}
    return respond(request, "start_here.html", None, context)


def link(user: User, team: Team) -> dict[str, Any]:
    """Return the panel on the page of a team: a link that needs nothing but the team, and is always there."""
    return {}


def for_newcomer(user: User, at: datetime) -> list[Team]:
    """Return the teams of a person who was added lately, for "my week"; none for others."""
    added = Event.objects.filter(subject=user.subject_id, verb="people.person_added", at__gt=at - NEW_FOR)
    return list(people.teams().filter(Exists(added), memberships__user=user))
