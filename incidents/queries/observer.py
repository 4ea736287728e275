"""Who can observe a post-incident review, and who observed which one."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime

from django.db.models import Q, QuerySet

from catalogue.models import Model
from history.models import Event
from incidents.models import Incident, Observer, Postmortem
from incidents.queries import incident as incidents
from lists.collation import BY_NAME
from people import queries as people
from people.models import Absence, Function, Membership, Team, User
from people.rotation import Person, Roster, Turn
from people.states import Role

AWAY = "is away until the review is due"


def roster(incident: Incident) -> Roster:
    """Return who can observe: active people in none of the teams of the incident, its lead and its models.

    Whoever declared or handled it, and the developers of its models, do not observe. If it is restricted,
    only people who may see it do. Five queries.
    """
    models = incidents.models_of(incident)
    teams = _teams(incident, models)
    busy = _handlers(incident) | _developers(models)
    rows = User.objects.active().with_sight().exclude(role=Role.VIEWER)
    rows = rows.exclude(memberships__team__in=teams).exclude(leads__in=teams)
    able = [user for user in rows.exclude(pk__in=busy).order_by("pk") if incident.subject.is_visible_to(user)]
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


def why_not(postmortem: Postmortem, people_: Sequence[User], on: date) -> dict[int, str]:
    """Return why people may not observe a review any more, by id, to be read after "who". Four queries.

    People who may still observe are left out. Somebody who is away on that day and until the review is due
    has AWAY. Nobody has it once the review is overdue.
    """
    incident = postmortem.incident
    models = incidents.models_of(incident)
    teams, ids = _teams(incident, models), [person.pk for person in people_]
    in_teams = set(Membership.objects.filter(user__in=ids, team__in=teams).values_list("user_id", flat=True))
    in_teams |= set(teams.filter(lead__in=ids).values_list("lead_id", flat=True))
    absences = people.away_on(on).filter(user__in=ids, until_on__gte=postmortem.due_on)
    away = set(absences.values_list("user_id", flat=True)) if postmortem.due_on >= on else set()
    rules: tuple[tuple[str, Callable[[User], bool]], ...] = (
        ("left", lambda person: not person.is_active),
        ("is a viewer now", lambda person: person.role == Role.VIEWER),
        ("declared or handles the incident", lambda person: person.pk in _handlers(incident)),
        ("develops a model of the incident", lambda person: person.pk in _developers(models)),
        ("is in a team that is involved", lambda person: person.pk in in_teams),
        (AWAY, lambda person: person.pk in away),
    )
    reasons = {person.pk: next((why for why, fits in rules if fits(person)), "") for person in people_}
    return {pk: why for pk, why in reasons.items() if why}


def _handlers(incident: Incident) -> set[int]:
    """Return the ids of who declared an incident or has a role in it."""
    ids = (incident.declared_by_id, incident.lead_id, incident.scribe_id, incident.communications_id)
    return {pk for pk in ids if pk}


def _developers(models: Sequence[Model]) -> set[int]:
    return {model.developer_id for model in models if model.developer_id}


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


def held(without: Collection[int] = ()) -> list[Turn]:
    """Return all observations so far, oldest first. Those that ended early are no turns. One query.

    without: the ids of observers that do not count either.
    """
    rows = (
        Observer.objects.active()
        .exclude(pk__in=without)
        .order_by("on", "id")
        .values_list("on", "user_id", "function_id")
    )
    return [Turn(on, user, function, None) for on, user, function in rows]
