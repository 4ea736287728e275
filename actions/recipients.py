"""The recipients of events about actions."""

from actions.models import Action
from history.declarations import Recipients
from history.models import Event
from history.queries import changed_fields, present_data
from history.recipients import everyone
from people.models import User


def owner(reason: str) -> Recipients:
    """Return a rule for the owner of the action."""

    def rule(event: Event) -> dict[int, str]:
        return everyone(
            Action.objects.filter(subject_id=event.subject_id).values_list("owner_id", flat=True), reason
        )

    rule.__name__ = "owner"  # docs/flows.md names the rule
    return rule


def owner_if_due_date_changed(event: Event) -> dict[int, str]:
    """Return the owner of an action with a new due date, unless a decision of people set it.

    The decision is the cause of the event then, and tells them.
    """
    is_decided = event.cause_id is not None and event.actor_id is not None
    if is_decided or "due_on" not in changed_fields(event):
        return {}
    return owner("The due date of your action changed")(event)


def reviewer(event: Event) -> dict[int, str]:
    """Return the reviewer if the event is new to them: the first one of the action, or another one."""
    row = next((one for one in present_data(event)["rows"] if one["model"] == "actions.action"), None)
    if row is None or "reviewer_id" not in row["changes"]:
        return {}
    reviewers = Action.objects.filter(subject_id=event.subject_id).values_list("reviewer_id", flat=True)
    return everyone(reviewers, "You are asked to review it")


def sponsor(event: Event) -> dict[int, str]:
    """Return the sponsor to whom a block was raised."""
    asked = present_data(event)["sponsor"]
    return {asked: "You are the sponsor, and it is blocked"} if asked else {}


def who_opened(event: Event) -> dict[int, str]:
    """Return who created the action, nobody if they acted anonymously: a notification would identify them."""
    creations = Event.objects.filter(subject_id=event.subject_id, verb="actions.action_opened")
    opener = creations.filter(is_actor_hidden=False).values("actor_id")
    return everyone(
        User.objects.filter(subject_id__in=opener).values_list("pk", flat=True), "You created this action"
    )
