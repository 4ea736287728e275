"""The recipients of the events of this room."""

from actions.models import Action
from history.declarations import Recipients
from history.models import Event
from history.queries import changed_fields
from history.recipients import everyone
from leaders.models import Goal


def owner_of_goal(reason: str) -> Recipients:
    """Return a rule for the owner of the goal."""

    def rule(event: Event) -> dict[int, str]:
        rows = Goal.objects.filter(subject_id=event.subject_id)
        return everyone(rows.values_list("owner_id", flat=True), reason)

    rule.__name__ = "owner_of_goal"  # docs/flows.md names the rule
    return rule


def owner_of_changed_goal(event: Event) -> dict[int, str]:
    """Return the owner of a goal that was given to them, or that got another target or date."""
    changed = changed_fields(event)
    if "owner_id" in changed:
        return owner_of_goal("You own this goal now")(event)
    if changed & {"start", "target", "due_on"}:
        return owner_of_goal("You own this goal")(event)
    return {}


def owner_of_action(event: Event) -> dict[int, str]:
    """Return the owner of an action that a sponsor answered."""
    rows = Action.objects.filter(subject_id=event.subject_id)
    return everyone(rows.values_list("owner_id", flat=True), "The sponsor answered your blocked action")
