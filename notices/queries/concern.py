"""Whom an event concerns: rules, each `rule(event) -> {user id: why}`. They read present rows of any room."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Model as Row

from actions.models import Action
from history.models import Event
from learnings.models import Learning
from meetings.models import Decision, Meeting
from meetings.queries import series as series_queries
from people.models import Membership, User
from people.states import Role
from risklog.models import Climb, Escalation, Reviewer, Risk
from risklog.queries import rung
from signals.models import BreachGroup, Threshold

Rule = Callable[[Event], dict[int, str]]


def noted(key: str, why: str) -> Rule:
    """Those whose user ids the event notes under `key`."""

    def rule(event: Event) -> dict[int, str]:
        return dict.fromkeys(event.data.get(key, ()), why)

    return rule


def _of(row: type[Row], event: Event, *with_: str) -> Any:
    return row._default_manager.select_related(*with_).filter(subject_id=event.subject_id).first()


def _all(ids: Iterable[int | None], why: str) -> dict[int, str]:
    return {pk: why for pk in ids if pk}


def _team(team_id: int | None, why: str) -> dict[int, str]:
    if team_id is None:
        return {}
    return _all(Membership.objects.filter(team_id=team_id).values_list("user_id", flat=True), why)


# ------------------------------------------------------------------ reviews, escalations


def reviewers(event: Event) -> dict[int, str]:
    rows = Reviewer.objects.filter(review__subject_id=event.subject_id)
    return _all(rows.values_list("user_id", flat=True), "Your review was requested")


def called_before(event: Event) -> dict[int, str]:
    """Everybody whom an escalation has called so far."""
    rows = Climb.objects.filter(escalation__subject_id=event.subject_id)
    return _all(
        (pk for told in rows.values_list("told", flat=True) for pk in told), "It was escalated to you"
    )


def team_of_escalation(event: Event) -> dict[int, str]:
    found = _of(Escalation, event)
    return _team(found.team_id if found else None, "Your team is affected")


# ------------------------------------------------------------------ risks


def risk_owner(event: Event) -> dict[int, str]:
    found = _of(Risk, event)
    return _all([found.owner_id if found else None], "You own this risk")


def team_of_risk(event: Event) -> dict[int, str]:
    found = _of(Risk, event)
    return _team(found.team_id if found else None, "The risk belongs to your team")


def lead_if_unowned(event: Event) -> dict[int, str]:
    """A risk that nobody owns is told to the lead of its team, or else to risk managers."""
    found = _of(Risk, event, "team", "owner")
    if found is None or (found.owner and found.owner.is_active):
        return {}
    if found.team and found.team.lead_id:
        return {found.team.lead_id: "The risk has no owner and you lead its team"}
    return risk_managers(event)


def of_weighty_change(event: Event) -> dict[int, str]:
    """A change is told when the risk got another owner or another level; others stand on its page."""
    changes = {name: pair for row in event.data.get("rows", ()) for name, pair in row["changes"].items()}
    found = {}
    if "owner_id" in changes:
        before, after = changes["owner_id"]
        found = _all([after], "You are the new owner of this risk") | _all(
            [before], "You were the owner of this risk"
        )
    if event.data.get("level"):
        found = team_of_risk(event) | risk_owner(event) | found
    return found


def risk_managers(event: Event) -> dict[int, str]:
    rows = User.objects.active().filter(role__in=[Role.RISK_MANAGER, Role.ADMINISTRATOR])
    return _all(rows.values_list("pk", flat=True), "You manage the risk register")


# ------------------------------------------------------------------ signals


def team_of_breach(event: Event) -> dict[int, str]:
    group = _of(BreachGroup, event, "model")
    return _team(
        group.model.owner_team_id if group and group.model else None, "The model belongs to your team"
    )


def team_of_threshold(event: Event) -> dict[int, str]:
    found = _of(Threshold, event, "series__model")
    model = found.series.model if found and found.series else None
    return _team(model.owner_team_id if model else None, "The model belongs to your team")


# ------------------------------------------------------------------ actions


def action_owner(why: str) -> Rule:
    def rule(event: Event) -> dict[int, str]:
        found = _of(Action, event)
        return _all([found.owner_id if found else None], why)

    return rule


def who_opened(event: Event) -> dict[int, str]:
    """Who opened an action, unless they asked not to be named: then nothing may point at them."""
    births = Event.objects.filter(subject_id=event.subject_id, verb="actions.action_opened")
    opener = births.filter(is_actor_hidden=False).values("actor_id")
    return _all(
        User.objects.filter(subject_id__in=opener).values_list("pk", flat=True), "You created this action"
    )


# ------------------------------------------------------------------ meetings


def facilitator(event: Event) -> dict[int, str]:
    found = _of(Meeting, event)
    return _all([found.facilitator_id if found else None], "You facilitate the meeting")


def stand_in(event: Event) -> dict[int, str]:
    found = _of(Meeting, event)
    return _all([found.stand_in_id if found else None], "You are the stand-in facilitator")


def turn_changed(event: Event) -> dict[int, str]:
    """Who led and who leads now, where that changed."""
    found: dict[int, str] = {}
    for row in event.data.get("rows", ()):
        before, after = row["changes"].get("facilitator_id", (None, None))
        found |= _all([before], "You were the facilitator") | _all([after], "You are the new facilitator")
    return found


def participants(event: Event) -> dict[int, str]:
    found = _of(Meeting, event, "series")
    if found is None:
        return {}
    people = series_queries.participants(found.series).values_list("pk", flat=True)
    return _all(people, "You are a participant") | _all([found.facilitator_id], "You facilitate the meeting")


def owners_of_decision(event: Event) -> dict[int, str]:
    rows = Action.objects.filter(origin_id=event.subject_id, owner__isnull=False)
    return _all(rows.values_list("owner_id", flat=True), "You own an action of this decision")


def concerned_by_decision(event: Event) -> dict[int, str]:
    """The owner of what was decided about, and its team's lead."""
    found = _of(Decision, event, "about")
    if found is None or found.about is None:
        return {}
    known = rung.concerned(found.about)
    return _all([known.owner, known.team.lead_id if known.team else None], "It concerns an object you own")


# ------------------------------------------------------------------ learnings


def may_write_draft(event: Event) -> dict[int, str]:
    """Those who looked at what a draft came from, while it has no author."""
    found = _of(Learning, event)
    if found is None or found.author_id or found.about_id is None:
        return {}
    rows = Reviewer.objects.filter(review__subject_id=found.about_id, answered_at__isnull=False)
    return _all(rows.values_list("user_id", flat=True), "You reviewed this breach: the draft needs an author")
