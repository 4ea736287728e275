"""Who may see an action: its placement, and the grants of its owner, their stand-in and its reviewer."""

from collections.abc import Sequence
from datetime import datetime

from actions.models import Action
from history import operations as history
from history.models import Subject
from history.operations import GrantReason, NewGrant, Placement, author
from kit.actor import SYSTEM, Actor
from people import queries as people
from people.models import User


def placement(action: Action, by: Actor, viewers: Sequence[int] | None = None) -> Placement:
    """Return its placement: below what it is about, or else its origin; seen by its owner and creator."""
    owner = [NewGrant(action.owner.subject_id, GrantReason.OWNER)] if action.owner else []
    return Placement(parent=action.about or action.origin, viewers=viewers, grants=[*owner, *author(by)])


def show_new(actions: Sequence[Action], *, by: Actor, at: datetime) -> None:
    """Show new actions to the stand-ins of absent owners, and what the actions are about to their owners."""
    show_about_to_owners(actions, by=by, at=at)
    show_to_stand_ins(actions, at=at)


def show_about_to_owners(actions: Sequence[Action], *, by: Actor, at: datetime) -> None:
    """Grant the owners sight of what their actions are about. actions: all about the same subject."""
    owners = {action: action.owner for action in actions if action.owner}
    about = next((action.about for action in owners), None)
    if about:
        history.grant_sight(
            [about],
            owners.values(),
            reason=GrantReason.OWNER,
            sources=[action.subject for action in owners],
            by=by,
            at=at,
            why=f"owns {', '.join(action.reference for action in owners)}",
        )


def hand_over(action: Action, former: User | None, *, by: Actor, at: datetime) -> None:
    """Grant the new owner sight of the action and what it is about. End the former owner's grants."""
    about = [action.about] if action.about else []
    if action.owner:
        history.grant_sight([action.subject], [action.owner], reason=GrantReason.OWNER, by=by, at=at)
        show_about_to_owners([action], by=by, at=at)
    if former:
        _end_sight(action, [action.subject], former, source=None, by=by, at=at)
        _end_sight(action, about, former, source=action.subject, by=by, at=at)


def show_to_stand_ins(actions: Sequence[Action], *, at: datetime) -> None:
    """Grant the stand-ins of absent owners sight of restricted actions, because they get the mails."""
    restricted = [action for action in actions if action.owner and action.subject.viewers is not None]
    owners = {action.owner for action in restricted if action.owner}
    if not owners:  # the usual case costs no query
        return
    stand_ins = people.stand_ins(owners, people.local_day(at))
    for action in restricted:
        stand_in = stand_ins.get(action.owner_id or 0)
        if stand_in and stand_in.pk != action.owner_id:
            history.grant_sight(
                [action.subject, *([action.about] if action.about else [])],
                [stand_in],
                reason=GrantReason.STAND_IN,
                source=action.subject,
                by=SYSTEM,
                at=at,
                why=f"stands in for the owner of {action.reference}",
            )


def _end_sight(
    action: Action,
    subjects: Sequence[Subject],
    former: User,
    *,
    source: Subject | None,
    by: Actor,
    at: datetime,
) -> None:
    history.end_sight(
        subjects,
        [former],
        reason=GrantReason.OWNER,
        source=source,
        by=by,
        at=at,
        why=f"handed over {action.reference}",
    )


def show_to_reviewer(action: Action, former: User | None, *, by: Actor, at: datetime) -> None:
    """Grant the reviewer sight of the action if it is another one than before, and end that of the former."""
    if action.reviewer == former:
        return
    if action.reviewer:
        history.grant_sight([action.subject], [action.reviewer], reason=GrantReason.ASKED, by=by, at=at)
    if former:
        history.end_sight([action.subject], [former], reason=GrantReason.ASKED, by=by, at=at)
