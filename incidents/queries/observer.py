"""Who can observe a post-incident review, and who observed which one."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q, QuerySet

from catalogue.models import Model
from history.models import Event
from incidents.models import Incident, Observer
from incidents.queries import incident as incidents
from lists.collation import BY_NAME
from people import queries as people
from people.models import Absence, Function, Membership, Team, User
from people.rotation import Person, Roster, Turn
from people.states import Role


def roster(incident: Incident) -> Roster:
    """Return who can observe: active people in none of the teams of the incident, its lead and its models.

    Whoever declared or handled it, and the developers of its models, do not observe. If it is restricted,
    only people who may see it do. Five queries.
    """
    models = incidents.models_of(incident)
    teams = _teams(incident, models)
    busy = {incident.declared_by_id, incident.lead_id, incident.scribe_id, incident.communications_id}
    busy |= {model.developer_id for model in models}
    rows = User.objects.active().with_sight().exclude(role=Role.VIEWER)
    rows = rows.exclude(memberships__team__in=teams).exclude(leads__in=teams)
    able = [
        user
        for user in rows.exclude(pk__in=busy - {None}).order_by("pk")
        if incident.subject.is_visible_to(user)
    ]
    since, away = _since(able), defaultdict(list)
    absences = Absence.objects.filter(user__in=able)
    for user, first, last in absences.values_list("user_id", "from_on", "until_on"):
        away[user].append((first, last))
    names = dict(Function.objects.order_by(*BY_NAME).values_list("id", "name"))
    staffed = {user.function_id for user in able}
    return Roster(
        functions=[pk for pk in names if pk in staffed],
        people=[Person(user.pk, user.name, user.function_id, since[user.pk]) for user in able],
        cycle=[],
        names={pk: name.lower() for pk, name in names.items()},
        away=away,
    )


def _teams(incident: Incident, models: Sequence[Model]) -> QuerySet[Team]:
    """Return the teams of an incident, of its models, and those that its lead is in or leads."""
    owning = {incident.team_id, *(model.owner_team_id for model in models)} - {None}
    condition = Q(pk__in=owning)
    if incident.lead_id:
        of_lead = Membership.objects.filter(user=incident.lead_id).values("team")
        condition |= Q(pk__in=of_lead) | Q(lead=incident.lead_id)
    return Team.objects.filter(condition)


def _since(able: list[User]) -> dict[int, date]:
    """Return the day on which each person joined the organisation, by id."""
    added: dict[int, datetime] = dict(
        Event.objects.filter(subject_id__in=[user.subject_id for user in able], verb="people.person_added")
        .order_by("-at")
        .values_list("subject_id", "at")
    )
    return {
        user.pk: people.local_day(added[user.subject_id]) if user.subject_id in added else date.min
        for user in able
    }


def held() -> list[Turn]:
    """Return all observations so far, oldest first. One query."""
    rows = Observer.objects.order_by("on", "id").values_list("on", "user_id", "function_id")
    return [Turn(on, user, function, None) for on, user, function in rows]
