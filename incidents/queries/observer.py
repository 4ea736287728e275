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
    """Return who can observe: those whom no rule excludes, and who may see the incident. Seven queries."""
    everybody = list(User.objects.with_sight().order_by("pk"))
    excluded = _excluded(incident, everybody)
    able = [one for one in everybody if one.pk not in excluded and incident.subject.is_visible_to(one)]
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
    reasons = _excluded(postmortem.incident, people_)
    if postmortem.due_on >= on:
        absences = people.away_on(on).filter(user__in=people_, until_on__gte=postmortem.due_on)
        reasons = dict.fromkeys(absences.values_list("user_id", flat=True), AWAY) | reasons
    return reasons


def _excluded(incident: Incident, people_: Sequence[User]) -> dict[int, str]:
    """Return why people may not observe the review of an incident, by id. The others may. Three queries.

    Observers come from teams that are not involved: not that of the incident, of its lead or of its models.
    """
    models = incidents.models_of(incident)
    teams, ids = _teams(incident, models), [person.pk for person in people_]
    in_teams = set(Membership.objects.filter(user__in=ids, team__in=teams).values_list("user_id", flat=True))
    in_teams |= set(teams.filter(lead__in=ids).values_list("lead_id", flat=True))
    busy, developers = handlers(incident), _developers(models)
    rules: tuple[tuple[str, Callable[[User], bool]], ...] = (
        ("left", lambda person: not person.is_active),
        ("is a viewer now", lambda person: person.role == Role.VIEWER),
        ("declared or handles the incident", lambda person: person.pk in busy),
        ("develops a model of the incident", lambda person: person.pk in developers),
        ("is in a team that is involved", lambda person: person.pk in in_teams),
    )
    reasons = {person.pk: next((why for why, fits in rules if fits(person)), "") for person in people_}
    return {pk: why for pk, why in reasons.items() if why}


def handlers(incident: Incident) -> set[int]:
    """Return the user ids of who declared an incident or has a role in it."""
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
