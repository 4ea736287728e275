"""The recipients of events about reviews, escalations, risks and experiments: user id -> the reason."""

from collections.abc import Callable
from functools import wraps

from history.models import Event
from history.queries import present_data
from history.recipients import everyone
from people.models import User
from people.recipients import risk_managers, team_members
from people.states import Role
from risklog.models import (
    Acceptance,
    Challenge,
    Climb,
    Escalation,
    Experiment,
    ExperimentOwner,
    Reviewer,
    Risk,
    Score,
    ScoringRound,
)
from risklog.queries import reveal as reveals
from risklog.states import ScoringState

Rule = Callable[[Event], dict[int, str]]


def reviewers(event: Event) -> dict[int, str]:
    """Return everyone who was asked to review."""
    rows = Reviewer.objects.filter(review__subject_id=event.subject_id)
    return everyone(rows.values_list("user_id", flat=True), "Your review was requested")


def asked_to_review(event: Event) -> dict[int, str]:
    """Return the people that the event asks. A stand-in is told for whom they act."""
    asked = present_data(event).get("asked") or ()
    rows = Reviewer.objects.filter(review__subject_id=event.subject_id, stands_in_for__isnull=False)
    absent = dict(rows.values_list("user_id", "stands_in_for__name"))
    return {
        pk: f"Your review is requested as the stand-in for {absent[pk]}, who is away"
        if pk in absent
        else "Your review is requested"
        for pk in asked
    }


def asked_to_score(event: Event) -> dict[int, str]:
    """Return the people whose score the event asks for. A stand-in is told for whom they act."""
    rows = Score.objects.filter(round__risk__subject_id=event.subject_id, round__state=ScoringState.OPEN)
    absent = dict(rows.filter(stands_in_for__isnull=False).values_list("user_id", "stands_in_for__name"))
    return {
        pk: f"Your score is requested as the stand-in for {absent[pk]}, who is away"
        if pk in absent
        else "Your score is requested"
        for pk in present_data(event).get("asked") or ()
    }


def escalated_to(event: Event) -> dict[int, str]:
    """Return everyone it was escalated to so far."""
    rows = Climb.objects.filter(escalation__subject_id=event.subject_id)
    ids = (pk for notified in rows.values_list("notified_ids", flat=True) for pk in notified)
    return everyone(ids, "It was escalated to you")


def who_escalated(event: Event) -> dict[int, str]:
    """Return who escalated it, nobody if they did so anonymously: a notification would identify them."""
    verbs = ("risklog.escalation_started", "risklog.escalation_annotated")
    reasons = Event.objects.filter(subject_id=event.subject_id, verb__in=verbs, is_actor_hidden=False)
    rows = User.objects.filter(subject__in=reasons.values("actor_id"))
    return everyone(rows.values_list("pk", flat=True), "You escalated it")


def team_of_escalation(event: Event) -> dict[int, str]:
    """Return the members of the escalation's team."""
    escalation = Escalation.objects.filter(subject_id=event.subject_id).first()
    return team_members(escalation.team_id if escalation else None, "Your team is affected")


def risk_owner(event: Event) -> dict[int, str]:
    """Return the owner of the risk."""
    owners = Risk.objects.filter(subject_id=event.subject_id).values_list("owner_id", flat=True)
    return everyone(owners, "You own this risk")


def owner_of_other_risk(event: Event) -> dict[int, str]:
    """Return the owner of the risk that this one was closed as a duplicate of."""
    rows = Risk.objects.filter(subject_id=event.subject_id)
    owners = rows.values_list("merged_into__owner_id", flat=True)
    return everyone(owners, "It was closed as a duplicate of a risk that you own")


def team_of_risk(event: Event) -> dict[int, str]:
    """Return the members of the risk's team."""
    risk = Risk.objects.filter(subject_id=event.subject_id).first()
    return team_members(risk.team_id if risk else None, "The risk belongs to your team")


def acceptance_deciders(event: Event) -> dict[int, str]:
    """Return the risk managers who may decide on a proposed acceptance: all but the owner of the risk."""
    owners = set(Risk.objects.filter(subject_id=event.subject_id).values_list("owner_id", flat=True))
    ids = (pk for pk in risk_managers(event) if pk not in owners)
    return everyone(ids, "An acceptance waits for a decision by a risk manager")


def acceptance_proposer(event: Event) -> dict[int, str]:
    """Return the person who proposed the latest acceptance of the risk."""
    rows = Acceptance.objects.filter(risk__subject_id=event.subject_id).order_by("-id")
    return everyone(rows.values_list("proposed_by_id", flat=True)[:1], "You proposed to accept this risk")


def scorers(event: Event) -> dict[int, str]:
    """Return everyone who was asked to score in the round that the event is about."""
    rounds = [
        row["pk"] for row in event.data.get("rows", ()) if row["model"] == ScoringRound._meta.label_lower
    ]
    rows = Score.objects.filter(round__in=rounds)
    return everyone(rows.values_list("user_id", flat=True), "Your score was requested")


def experiment_owners(event: Event) -> dict[int, str]:
    """Return the current owners of the experiment."""
    rows = ExperimentOwner.objects.filter(experiment__subject_id=event.subject_id, is_current=True)
    return everyone(rows.values_list("user_id", flat=True), "You own this experiment")


def experiment_people(event: Event) -> dict[int, str]:
    """Return the current owners of the experiment, and who proposed it."""
    rows = Experiment.objects.filter(subject_id=event.subject_id)
    proposers = everyone(rows.values_list("proposed_by_id", flat=True), "You proposed this experiment")
    return proposers | experiment_owners(event)


def challenger(event: Event) -> dict[int, str]:
    """Return who wrote the challenge that the event answers."""
    rows = Challenge.objects.filter(pk=present_data(event)["challenge"])
    return everyone(rows.values_list("author_id", flat=True), "You challenged this experiment")


def unless_imported(rule: Rule) -> Rule:
    """Return the rule for risks that are reported one by one. An import of many notifies nobody of each."""

    @wraps(rule)
    def recipients(event: Event) -> dict[int, str]:
        return {} if event.via == "import" else rule(event)

    return recipients


def lead_if_unowned(event: Event) -> dict[int, str]:
    """Return, for a risk that nobody owns, the lead of its team, or else the risk managers."""
    risk = Risk.objects.select_related("team", "owner").filter(subject_id=event.subject_id).first()
    if risk is None or (risk.owner and risk.owner.is_active):
        return {}
    if risk.team and risk.team.lead_id:
        return {risk.team.lead_id: "The risk has no owner and you lead its team"}
    return risk_managers(event)


def of_important_change(event: Event) -> dict[int, str]:
    """Return the recipients of a changed risk. Only a new owner or a new level has recipients."""
    data = present_data(event)
    changes = {name: pair for row in data.get("rows", ()) for name, pair in row["changes"].items()}
    recipients: dict[int, str] = {}
    if "owner_id" in changes:
        before, after = changes["owner_id"]
        recipients = everyone([after], "You are the new owner of this risk")
        recipients |= everyone([before], "You were the owner of this risk")
    if data.get("level"):
        recipients = team_of_risk(event) | risk_owner(event) | recipients
    return recipients


def other_administrators(event: Event) -> dict[int, str]:
    """Return the administrators but the one who acted."""
    rows = User.objects.active().filter(role=Role.ADMINISTRATOR).exclude(subject_id=event.actor_id)
    return everyone(rows.values_list("pk", flat=True), "A second administrator decides")


def unnamed_raisers(event: Event) -> dict[int, str]:
    """Return the people who escalated it anonymously. Only they see that they are recipients."""
    ids = (person.pk for person in reveals.raisers(event.subject_id, before=event.pk))
    return everyone(ids, "Two administrators saw that you escalated this")
