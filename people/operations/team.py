"""Operations on teams and their members."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from history import operations as history
from history.models import Event
from kit.actor import Actor
from kit.refusals import Refused
from kit.texts import one_line
from people import events
from people.models import Membership, Team, User
from people.slugs import free_slug, slug_of

_ASKED_AGAIN_AFTER = timedelta(days=1)


@transaction.atomic
def add(*, name: str, lead: User | None = None, by: Actor, at: datetime) -> Team:
    """Add a team. Its lead becomes a member too. Raises Refused for a name that another team has."""
    name = _name(name, but=None)
    slug = slug_of(name)[:60]
    if not name.isascii():
        taken = Team.objects.filter(slug__startswith=slug[:56]).values_list("slug", flat=True)
        slug = free_slug(slug, {"new", *taken}, "team")
    if slug in {"", "new"} or slug.isdigit() or Team.objects.filter(slug=slug).exists():
        raise Refused(
            "Another team has almost the same name. Use a name with different letters.", field="name"
        )
    _check_lead(lead)
    team = Team(name=name, slug=slug, lead=lead)
    try:
        history.record(team, "people.team_added", by=by, at=at)
    except IntegrityError:  # two at the same moment: the constraint decides
        raise Refused("A team with this name exists already. Use another name.", field="name") from None
    if lead is not None:
        join(team, lead, by=by, at=at)
    return team


@transaction.atomic
def change(
    team: Team, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Team:
    """Change name or lead. The slug stays, for links. Raises Refused, ChangedMeanwhile."""
    if unknown := set(values) - {"name", "lead"}:
        raise Refused(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    values = dict(values)
    if "name" in values:
        values["name"] = _name(values["name"], but=team)
    lead = values.get("lead")
    _check_lead(lead)
    joins = [] if lead is None or _is_member(team, lead) else [Membership(team=team, user=lead)]
    if history.change(team, values, by=by, at=at, seen=seen, rows=joins, verb="people.team_changed"):
        history.retitle(team)
    return team


@transaction.atomic
def join(team: Team, user: User, *, provider: str | None = None, by: Actor, at: datetime) -> None:
    """Add a member, who from then on sees the objects that are restricted to the team.

    provider: the id of the sign-in provider whose groups say so.
    """
    if not user.is_active:
        raise Refused("This person is deactivated. Choose an active person.", field="user")
    Team.objects.select_for_update().get(pk=team.pk)  # joins of one team come one after the other
    if not _is_member(team, user):
        history.record(
            team,
            events.MemberAdded(person=user.subject_id, provider=provider),
            by=by,
            at=at,
            rows=[Membership(team=team, user=user)],
        )


@transaction.atomic
def ask_to_join(team: Team, user: User, *, by: Actor, at: datetime) -> None:
    """Ask the lead to add a person. Nothing happens for a member, or if it was asked in the last day.

    Nobody joins by themselves, because members see what is restricted to the team.
    """
    requests = Event.objects.filter(subject=team.subject_id, verb=events.MembershipRequested.verb)
    is_asked = requests.filter(data__person=user.subject_id, at__gt=at - _ASKED_AGAIN_AFTER).exists()
    if not (is_asked or _is_member(team, user)):
        history.record(team, events.MembershipRequested(person=user.subject_id), by=by, at=at)


@transaction.atomic
def leave(team: Team, user: User, *, provider: str | None = None, by: Actor, at: datetime) -> None:
    """Remove a member. provider: as in join(). Raises Refused for the lead, who must be replaced first."""
    if team.lead_id == user.pk:
        raise Refused("This person leads the team. Choose another lead first.", field="user")
    if team.memberships.filter(user=user).delete()[0]:
        payload = events.MemberRemoved(person=user.subject_id, provider=provider)
        history.record(team, payload, by=by, at=at)


def _is_member(team: Team, user: User) -> bool:
    return team.memberships.filter(user=user).exists()


def _check_lead(lead: User | None) -> None:
    if lead is not None and not lead.is_active:
        raise Refused("This person is deactivated. Choose an active person.", field="lead")


def _name(text: str, *, but: Team | None) -> str:
    found = " ".join(one_line(text).split())
    if not found or len(found) > 80:
        raise Refused("Enter a name of up to 80 characters.", field="name")
    others = Team.objects.filter(name__iexact=found)
    if (others.exclude(pk=but.pk) if but else others).exists():
        raise Refused("A team with this name exists already. Use another name.", field="name")
    return found
