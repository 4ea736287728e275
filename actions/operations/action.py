"""An action's life: opened, worked on, finished or dropped; and the dates that remind of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from history.operations import GrantReason, NewGrant, Scope, author
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from people import queries as people
from people.models import User
from people.states import WORKING_DAYS
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
    """Open an action. Without owner or date it is taken all the same, and its page shows what is missing.

    It belongs to what it is about, or else to its origin, and is seen by whoever sees that and by its owner.
    viewers: who may see it instead (subject ids): it then stands alone.
    Raises Refused(field="title" or "owner").
    """
    action = Action(
        title=_title(title),
        details=details,
        type=type,
        effort=effort,
        owner=_able(owner),
        due_on=due_on,
        about=about,
        origin=origin,
        link=link,
        made_at=at,
    )
    placed = _placed(action, by, viewers)
    history.record(action, "actions.action_opened", by=by, at=at, cause=cause, placed=placed)
    _show_about_to_owners([action], by=by, at=at)
    _show_to_stand_ins([action], at=at)
    _put_dates([action], at=at)
    return action


@transaction.atomic
def add_many(
    wanted: Sequence[Mapping[str, Any]],
    *,
    by: Actor,
    at: datetime,
    about: Subject | None = None,
    origin: Subject | None = None,
    cause: Event | None = None,
) -> list[Action]:
    """add() for several that come of one act, in as many statements as for one.

    wanted: each a mapping of title, owner, due_on, type, effort, details, link.
    Raises Refused(field="[<position>].title" or "….owner").
    """
    actions = [Action(**one, about=about, origin=origin, made_at=at) for one in wanted]
    for position, action in enumerate(actions):
        try:
            action.title, action.owner = _title(action.title), _able(action.owner)
        except Refused as refusal:
            raise Refused(refusal.message, field=f"[{position}].{refusal.field}") from None
    acts = [Act(action, "actions.action_opened", placed=_placed(action, by)) for action in actions]
    bulk.perform(acts, by=by, at=at, cause=cause)
    _show_about_to_owners(actions, by=by, at=at)
    _show_to_stand_ins(actions, at=at)
    _put_dates(actions, at=at)
    return actions


@transaction.atomic
def change(
    action: Action, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Action:
    """Change fields of CHANGEABLE. A new owner or date makes new reminders; a new owner may see it.

    Writes actions.action_assigned when the owner changed, else actions.action_changed.
    Raises Refused(field=…), ChangedMeanwhile.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    values = dict(values)
    if "title" in values:
        values["title"] = _title(values["title"])
    is_handed_on = "owner" in values and values["owner"] != action.owner
    if is_handed_on:
        values["owner"] = _able(values["owner"])
    before, former = (action.owner_id, action.due_on), action.owner
    verb = "actions.action_assigned" if is_handed_on else "actions.action_changed"
    event = history.change(action, values, by=by, at=at, seen=seen, verb=verb)
    if event is None:
        return action
    if is_handed_on:
        _hand_over_sight(action, former, by=by, at=at)
        _show_to_stand_ins([action], at=at)
    if "title" in values:
        history.retitle(action)
    if (action.owner_id, action.due_on) != before:
        _plan(action, at=at)
    return action


def take(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Make the person who acts its owner. Raises Refused, ChangedMeanwhile."""
    return change(action, {"owner": by.person}, by=by, at=at, seen=seen)


def start(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Work on it has begun. From open or blocked."""
    history.move(action, ActionState.DOING, by=by, at=at, seen=seen, values={"blocked_by": ""})
    return action


def put_back(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Back to open: it waits again. From doing or blocked."""
    if not action.is_unfinished:
        raise IllegalMove("This action is completed. Reopen it instead.", field="state")
    history.move(action, ActionState.OPEN, by=by, at=at, seen=seen, values={"blocked_by": ""})
    return action


def block(action: Action, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """It cannot go on: `reason` names what holds it up. Raises Refused(field="reason")."""
    reason = _reason(reason, "Enter what blocks it, such as another team, access, budget or time.")
    history.move(action, ActionState.BLOCKED, by=by, at=at, seen=seen, values={"blocked_by": reason[:200]})
    return action


@transaction.atomic
def finish(action: Action, *, by: Actor, at: datetime, note: str = "", seen: int | None = None) -> Action:
    """Done. `note`: what came of it, for the history."""
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
    """It will not be done, for this reason. Raises Refused(field="reason")."""
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
    """Open again after done or dropped: also how a finish is undone."""
    if action.is_unfinished:
        raise IllegalMove("This action is already open.", field="state")
    history.move(action, ActionState.OPEN, by=by, at=at, seen=seen, values={"settled_at": None})
    _plan(action, at=at)
    return action


# ------------------------------------------------------------------ dates that act


def remind(due: Due, *, at: datetime) -> None:
    """A reminder before or after the due date. Nothing happens when it is finished, handed on or moved."""
    action, when = _of(due)
    if action is None or action.owner is None:
        return
    if when == "before" and _in_zone_of(action.owner, _hours()).day_of(at) > action.due_on:
        return  # rung late: what is told now is that it is late
    _show_to_stand_ins([action], at=at)
    reminded = events.ActionReminded(when=when, due_on=action.due_on.isoformat(), owner=action.owner_id)
    history.record(action, reminded, by=SYSTEM, at=at)


def note_overdue(due: Due, *, at: datetime) -> None:
    """The due date passed unanswered: what happens then is for the rooms above. Also without an owner."""
    action, _ = _of(due)
    if action is None:
        return
    overdue = events.ActionOverdue(due_on=action.due_on.isoformat(), owner=action.owner_id)
    history.record(action, overdue, by=SYSTEM, at=at)


def _of(due: Due) -> tuple[Any, str]:
    """The action a date was made for, if it still holds: unfinished, same owner, same date."""
    when, due_on, owner, _ = due.occurrence.split("/")
    action = (
        Action.objects.select_related("subject", "owner", "owner__subject")
        .filter(subject_id=due.subject_id)
        .first()
    )
    if action is None or not action.is_unfinished or str(action.due_on) != due_on:
        return None, when
    return (action, when) if str(action.owner_id) == owner else (None, when)


def _plan(action: Action, *, at: datetime) -> None:
    """Make the dates of the present owner and due date, and quieten the earlier ones."""
    history.drop_dues(action.subject_id, REMINDER, OVERDUE)
    _put_dates([action], at=at)


def _put_dates(actions: Sequence[Action], *, at: datetime) -> None:
    """Reminders and lateness, by the organisation's days and hours in the zone of each owner.

    The version stands in the occurrence, so a date that was moved away and back acts again.
    """
    dated = [(one, one.due_on) for one in actions if one.due_on and one.is_unfinished]
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
        for when, moment in moments(due_on, _in_zone_of(action.owner, hours), at=at)
    )


@handler("actions.action.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """The owner's zone, or the organisation's days and hours, changed: dates that wait are computed anew."""
    if not changed_fields(event) & {"time_zone", "working_days", "day_starts_at", "day_ends_at"}:
        return
    rows = Action.objects.filter(due_on__isnull=False, state__in=UNFINISHED).select_related("owner")
    if event.verb == "people.person_changed":
        rows = rows.filter(owner__subject=event.subject_id)
    hours, dated = _hours(), {one.subject_id: one for one in rows}

    def planned(due: Due) -> tuple[str, datetime] | None:
        action = dated[due.subject_id]
        assert action.due_on is not None  # by the filter
        when, theirs = due.occurrence.split("/")[0], _in_zone_of(action.owner, hours)
        return due.occurrence, replanned(when, action.due_on, theirs, at=at)

    history.replan_dues(dated, REMINDER, OVERDUE, to=planned)


def _hours() -> Hours:
    """The organisation's days and hours."""
    return people.working_hours() or Hours(ZoneInfo("UTC"), frozenset(WORKING_DAYS), time(9), time(17))


def _in_zone_of(owner: User | None, hours: Hours) -> Hours:
    return replace(hours, zone=ZoneInfo(owner.time_zone)) if owner and owner.time_zone else hours


# ------------------------------------------------------------------ what is asked of the input


def _title(text: str) -> str:
    if not text.strip():
        raise Refused("Enter what needs doing.", field="title")
    return text.strip()


def _reason(text: str, message: str) -> str:
    if not text.strip():
        raise Refused(message, field="reason")
    return text.strip()


def _able(owner: User | None) -> User | None:
    if owner is not None and not owner.is_active:
        raise Refused(f"{owner.name} is deactivated. Choose an active person.", field="owner")
    return owner


def _placed(action: Action, by: Actor, viewers: Sequence[int] | None = None) -> Scope:
    """Below what it is about, or else below its origin; its owner and who opens it see it in any case."""
    owner = [NewGrant(action.owner.subject_id, GrantReason.OWNER)] if action.owner else []
    return Scope(parent=action.about or action.origin, viewers=viewers, grants=[*owner, *author(by)])


def _show_about_to_owners(actions: Sequence[Action], *, by: Actor, at: datetime) -> None:
    """Whoever is to act on a subject may see it, on record. actions: all about the same."""
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
    """The new owner sees the action and what it is about; the former one by this action no longer."""
    about = [action.about] if action.about else []
    if action.owner:
        history.grant_sight([action.subject], [action.owner], reason=GrantReason.OWNER, by=by, at=at)
        _show_about_to_owners([action], by=by, at=at)
    if former:
        _end(action, [action.subject], former, source=None, by=by, at=at)
        _end(action, about, former, source=action.subject, by=by, at=at)


def _show_to_stand_ins(actions: Sequence[Action], *, at: datetime) -> None:
    """Whoever stands in for an absent owner gets the mails of a restricted action, so they may see it."""
    restricted = [one for one in actions if one.owner and one.subject.viewers is not None]
    stand_ins = people.stand_ins({one.owner for one in restricted if one.owner}, people.local_day(at))
    for action in restricted:
        other = stand_ins.get(action.owner_id or 0)
        if other and other.pk != action.owner_id:
            history.grant_sight(
                [action.subject, *([action.about] if action.about else [])],
                [other],
                reason=GrantReason.STAND_IN,
                source=action.subject,
                by=SYSTEM,
                at=at,
                why=f"stands in for the owner of {action.reference}",
            )


def _end(
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
