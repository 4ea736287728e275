"""Write actions: create, change, start, block, finish, drop, reopen; and their reminders."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from actions import events
from actions.models import Action
from actions.reminders import moments, replanned
from actions.states import UNFINISHED, ActionState, Type
from history import bulk
from history import operations as history
from history.bulk import Act
from history.models import Due, Event, Subject
from history.operations import GrantReason, NewGrant, Placement, author
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from people import queries as people
from people.models import User
from people.states import WORKING_DAYS, WORKING_TIME_FIELDS
from people.working import Hours

REMINDER = "actions.reminder"
OVERDUE = "actions.overdue"
CHANGEABLE = frozenset({"title", "details", "type", "effort", "owner", "due_on", "link", "blocked_by"})


@transaction.atomic
def add(
    *,
    title: str,
    by: Actor,
    at: datetime,
    owner: User | None = None,
    due_on: date | None = None,
    about: Subject | None = None,
    origin: Subject | None = None,
    type: str = Type.MITIGATION,
    effort: str = "",
    details: str = "",
    link: str = "",
    cause: Event | None = None,
    viewers: Sequence[int] | None = None,
) -> Action:
    """Create an action. Owner and due date are optional; the page shows that they are missing.

    Everyone who may see `about` (or else `origin`) may see the action, and so may its owner and its creator.
    viewers: subject ids of those who may see it instead; it is then its own root.
    Raises Refused(field="title" or "owner").
    """
    action = Action(
        title=_title(title),
        details=details,
        type=type,
        effort=effort,
        owner=_able_owner(owner),
        due_on=due_on,
        about=about,
        origin=origin,
        link=link,
        made_at=at,
    )
    placed = _placement(action, by, viewers)
    history.record(action, "actions.action_opened", by=by, at=at, cause=cause, placed=placed)
    _show_about_to_owners([action], by=by, at=at)
    _show_to_stand_ins([action], at=at)
    _put_dates([action], at=at)
    return action


@transaction.atomic
def add_many(
    new_actions: Sequence[Mapping[str, Any]],
    *,
    by: Actor,
    at: datetime,
    about: Subject | None = None,
    origin: Subject | None = None,
    cause: Event | None = None,
) -> list[Action]:
    """Create several actions at once, in as many statements as one.

    new_actions: mappings of title, owner, due_on, type, effort, details, link.
    Raises Refused(field="[<position>].title" or "[<position>].owner").
    """
    actions = [Action(**values, about=about, origin=origin, made_at=at) for values in new_actions]
    for position, action in enumerate(actions):
        try:
            action.title, action.owner = _title(action.title), _able_owner(action.owner)
        except Refused as refusal:
            raise Refused(refusal.message, field=f"[{position}].{refusal.field}") from None
    acts = [Act(action, "actions.action_opened", placed=_placement(action, by)) for action in actions]
    bulk.perform(acts, by=by, at=at, cause=cause)
    _show_about_to_owners(actions, by=by, at=at)
    _show_to_stand_ins(actions, at=at)
    _put_dates(actions, at=at)
    return actions


@transaction.atomic
def change(
    action: Action,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> Action:
    """Change fields of CHANGEABLE.

    A new owner or due date replaces the reminders. A new owner may see the action and what it is about.
    Writes actions.action_assigned if the owner changes, else actions.action_changed.
    Raises Refused(field=…), ChangedMeanwhile, ValueError for another field.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    values = dict(values)
    if "title" in values:
        values["title"] = _title(values["title"])
    is_handed_over = "owner" in values and values["owner"] != action.owner
    if is_handed_over:
        values["owner"] = _able_owner(values["owner"])
    before, former = (action.owner_id, action.due_on), action.owner
    verb = "actions.action_assigned" if is_handed_over else "actions.action_changed"
    event = history.change(action, values, by=by, at=at, seen=seen, verb=verb, cause=cause)
    if event is None:
        return action
    if is_handed_over:
        _hand_over_sight(action, former, by=by, at=at)
        _show_to_stand_ins([action], at=at)
    if "title" in values:
        history.retitle(action)
    if (action.owner_id, action.due_on) != before:
        _replace_dates(action, at=at)
    return action


def take(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Assign the action to the person who acts. Raises Refused, ChangedMeanwhile."""
    return change(action, {"owner": by.person}, by=by, at=at, seen=seen)


def start(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Start an open or blocked action. Raises IllegalMove, ChangedMeanwhile."""
    history.move(action, ActionState.DOING, by=by, at=at, seen=seen, values={"blocked_by": ""})
    return action


def put_back(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Move an action that is being done or blocked back to open. Raises IllegalMove, ChangedMeanwhile."""
    if not action.is_unfinished:
        raise IllegalMove("This action is completed. Reopen it instead.", field="state")
    history.move(action, ActionState.OPEN, by=by, at=at, seen=seen, values={"blocked_by": ""})
    return action


def block(action: Action, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Mark an action as blocked. reason: what blocks it. Raises Refused(field="reason"), IllegalMove."""
    reason = _reason(reason, "Enter what blocks it, such as another team, access, budget or time.")
    history.move(action, ActionState.BLOCKED, by=by, at=at, seen=seen, values={"blocked_by": reason[:200]})
    return action


@transaction.atomic
def finish(action: Action, *, by: Actor, at: datetime, note: str = "", seen: int | None = None) -> Action:
    """Complete an action. note: its result, for the history. Raises IllegalMove, ChangedMeanwhile."""
    history.move(
        action,
        ActionState.DONE,
        by=by,
        at=at,
        seen=seen,
        values={"settled_at": at, "blocked_by": ""},
        payload=events.ActionDone(text=note.strip() or None),
    )
    history.drop_dues(action.subject_id, REMINDER, OVERDUE)
    return action


@transaction.atomic
def drop(action: Action, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Drop an action that is no longer needed. Raises Refused(field="reason"), IllegalMove."""
    reason = _reason(reason, "Enter why it is no longer needed.")
    history.move(
        action,
        ActionState.DROPPED,
        by=by,
        at=at,
        seen=seen,
        values={"settled_at": at, "blocked_by": ""},
        payload=events.ActionDropped(reason=reason),
    )
    history.drop_dues(action.subject_id, REMINDER, OVERDUE)
    return action


@transaction.atomic
def reopen(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Reopen an action that is done or dropped. This also undoes finish(). Raises IllegalMove."""
    if action.is_unfinished:
        raise IllegalMove("This action is already open.", field="state")
    history.move(action, ActionState.OPEN, by=by, at=at, seen=seen, values={"settled_at": None})
    _replace_dates(action, at=at)
    return action


# ------------------------------------------------------------------ reminders and overdue dates


def remind(due: Due, *, at: datetime) -> None:
    """Write the reminder before or after the due date.

    Does nothing if the action is finished or has another owner or due date by now.
    """
    action, when = _action_of(due)
    if action is None or action.owner is None:
        return
    if when == "before" and people.hours_of(action.owner, _hours()).day_of(at) > action.due_on:
        return  # this runs late and the due date has passed: the reminder after it follows
    _show_to_stand_ins([action], at=at)
    reminded = events.ActionReminded(when=when, due_on=action.due_on.isoformat(), owner=action.owner_id)
    history.record(action, reminded, by=SYSTEM, at=at)


def note_overdue(due: Due, *, at: datetime) -> None:
    """Write that the action is overdue, also without an owner. Handlers of other rooms act on the event."""
    action, _ = _action_of(due)
    if action is None:
        return
    overdue = events.ActionOverdue(due_on=action.due_on.isoformat(), owner=action.owner_id)
    history.record(action, overdue, by=SYSTEM, at=at)


def _action_of(due: Due) -> tuple[Any, str]:
    """Return the action of a due date and its kind: "before", "after" or "overdue".

    The action is None if it is finished or has another owner or due date by now.
    """
    when, due_on, owner, _ = due.occurrence.split("/")
    action = (
        Action.objects.select_related("subject", "owner", "owner__subject")
        .filter(subject_id=due.subject_id)
        .first()
    )
    if action is None or not action.is_unfinished or str(action.due_on) != due_on:
        return None, when
    return (action, when) if str(action.owner_id) == owner else (None, when)


def _replace_dates(action: Action, *, at: datetime) -> None:
    """Replace the reminders and the overdue date by those of the current owner and due date."""
    history.drop_dues(action.subject_id, REMINDER, OVERDUE)
    _put_dates([action], at=at)


def _put_dates(actions: Sequence[Action], *, at: datetime) -> None:
    """Add the reminders and the overdue date, by the organisation's working hours in the owner's time zone.

    The occurrence contains the version, so that reminders are sent again if a due date changes and changes
    back.
    """
    dated = [(action, action.due_on) for action in actions if action.due_on and action.is_unfinished]
    if not dated:
        return
    hours = _hours()
    history.put_dues(
        (
            OVERDUE if when == "overdue" else REMINDER,
            action.subject_id,
            f"{when}/{due_on}/{action.owner_id}/v{action.version}",
            moment,
        )
        for action, due_on in dated
        for when, moment in moments(due_on, people.hours_of(action.owner, hours), at=at)
    )


@handler("actions.action.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Recompute the pending reminders after a change of an owner's time zone or of the working hours."""
    if not changed_fields(event) & WORKING_TIME_FIELDS:
        return
    rows = Action.objects.filter(due_on__isnull=False, state__in=UNFINISHED).select_related("owner")
    if event.verb == "people.person_changed":
        rows = rows.filter(owner__subject=event.subject_id)
    hours, dated = _hours(), {action.subject_id: action for action in rows}

    def planned(due: Due) -> tuple[str, datetime] | None:
        action = dated[due.subject_id]
        assert action.due_on is not None  # by the filter
        when, owner_hours = due.occurrence.split("/")[0], people.hours_of(action.owner, hours)
        return due.occurrence, replanned(when, action.due_on, owner_hours, at=at)

    history.replan_dues(dated, REMINDER, OVERDUE, to=planned)


def _hours() -> Hours:
    """Return the organisation's working days and hours; Monday to Friday, 9 to 17 UTC without one."""
    return people.working_hours() or Hours(ZoneInfo("UTC"), frozenset(WORKING_DAYS), time(9), time(17))


# ------------------------------------------------------------------ checks and visibility


def _title(text: str) -> str:
    if not text.strip():
        raise Refused("Enter what needs doing.", field="title")
    return text.strip()


def _reason(text: str, message: str) -> str:
    if not text.strip():
        raise Refused(message, field="reason")
    return text.strip()


def _able_owner(owner: User | None) -> User | None:
    if owner is not None and not owner.is_active:
        raise Refused(f"{owner.name} is deactivated. Choose an active person.", field="owner")
    if reason := people.why_no_owner(owner):
        raise Refused(reason, field="owner")
    return owner


def _placement(action: Action, by: Actor, viewers: Sequence[int] | None = None) -> Placement:
    """Return its placement: below what it is about, or else its origin; seen by its owner and creator."""
    owner = [NewGrant(action.owner.subject_id, GrantReason.OWNER)] if action.owner else []
    return Placement(parent=action.about or action.origin, viewers=viewers, grants=[*owner, *author(by)])


def _show_about_to_owners(actions: Sequence[Action], *, by: Actor, at: datetime) -> None:
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


def _hand_over_sight(action: Action, former: User | None, *, by: Actor, at: datetime) -> None:
    """Grant the new owner sight of the action and what it is about. End the former owner's grants."""
    about = [action.about] if action.about else []
    if action.owner:
        history.grant_sight([action.subject], [action.owner], reason=GrantReason.OWNER, by=by, at=at)
        _show_about_to_owners([action], by=by, at=at)
    if former:
        _end_sight(action, [action.subject], former, source=None, by=by, at=at)
        _end_sight(action, about, former, source=action.subject, by=by, at=at)


def _show_to_stand_ins(actions: Sequence[Action], *, at: datetime) -> None:
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
