"""Write actions: create, change, start, block, finish, drop, reopen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction

from actions import events
from actions.models import MAX_EXPOSURE, MAX_TITLE, Action
from actions.operations import blocked, reminder, sight
from actions.states import ActionState, AuditResult, Blocker, Type
from history import bulk
from history import operations as history
from history.bulk import Act
from history.models import Event, Subject
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from people import queries as people
from people.models import User

CHANGEABLE = frozenset(
    {"title", "details", "type", "effort", "exposure", "owner", "reviewer", "due_on", "link", "blocked_by"}
)
# No time zone is further ahead of UTC.
FURTHEST_AHEAD = timedelta(hours=14)
# What every step out of a block clears.
UNBLOCKED: dict[str, Any] = {
    "blocker": "",
    "blocked_by": "",
    "blocked_at": None,
    "raised_to": None,
    "raised_at": None,
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a finished review of code or audit of lineage found.

    result: an AuditResult, or "". findings: the titles of further actions. reviewer, link: as those of the
    action; None and "" keep what it has.
    """

    result: str = ""
    findings: Sequence[str] = ()
    reviewer: User | None = None
    link: str = ""


NO_PROOF = Proof()
IS_OVER = "Choose today or a later day."
NO_REASON = "Enter what blocks it, such as another team, access, budget or time."


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
    exposure: int | None = None,
    details: str = "",
    link: str = "",
    reviewer: User | None = None,
    cause: Event | None = None,
    viewers: Sequence[int] | None = None,
) -> Action:
    """Create an action. Owner and due date are optional; the page shows that they are missing.

    Everyone who may see `about` (or else `origin`) may see the action, and so may its owner and its creator.
    viewers: subject ids of those who may see it instead; it is then its own root. exposure: the points of a
    risk that it should remove, 1 to 25. reviewer: outside the teams of the owner. Raises Refused(field=…).
    """
    refuse_past_due_date(due_on, by=by, at=at)
    action = Action(
        title=_title(title),
        details=details,
        type=type,
        effort=effort,
        exposure=_exposure(exposure),
        owner=_able_owner(owner),
        reviewer=_outsider(reviewer, owner),
        due_on=due_on,
        about=about,
        origin=origin,
        link=link,
        made_at=at,
    )
    placed = sight.placement(action, by, viewers)
    history.record(action, "actions.action_opened", by=by, at=at, cause=cause, placed=placed)
    sight.show_to_reviewer(action, None, by=by, at=at)
    sight.show_new([action], by=by, at=at)
    reminder.put_dates([action], at=at)
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
    Raises Refused(field="[<position>].title", "[<position>].owner" or "[<position>].due_on").
    """
    actions = [Action(**values, about=about, origin=origin, made_at=at) for values in new_actions]
    for position, action in enumerate(actions):
        try:
            action.title, action.owner = _title(action.title), _able_owner(action.owner)
            refuse_past_due_date(action.due_on, by=by, at=at)
        except Refused as refusal:
            raise Refused(refusal.message, field=f"[{position}].{refusal.field}") from None
    acts = [Act(action, "actions.action_opened", placed=sight.placement(action, by)) for action in actions]
    bulk.perform(acts, by=by, at=at, cause=cause)
    sight.show_new(actions, by=by, at=at)
    reminder.put_dates(actions, at=at)
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

    A new owner or due date replaces the reminders. A due date that is over already may stay. A new owner may
    see the action and what it is about; a new reviewer may see the action. Writes actions.action_assigned if
    the owner changes, actions.action_review_requested if only the reviewer does, else actions.action_changed.
    Raises Refused(field=…), ChangedMeanwhile, ValueError for another field.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    before, former, reviewed_by = (action.owner_id, action.due_on), action.owner, action.reviewer
    values = checked(action, values)
    if values.get("due_on") != action.due_on:
        refuse_past_due_date(values.get("due_on"), by=by, at=at)
    is_handed_over = "owner" in values and values["owner"] != action.owner
    verb = verb_of_change(action, values)
    event = history.change(action, values, by=by, at=at, seen=seen, verb=verb, cause=cause)
    if event is None:
        return action
    if is_handed_over:
        sight.hand_over(action, former, by=by, at=at)
        sight.show_to_stand_ins([action], at=at)
    sight.show_to_reviewer(action, reviewed_by, by=by, at=at)
    if "title" in values:
        history.retitle(action)
    if (action.owner_id, action.due_on) != before:
        reminder.replace_dates([action], at=at)
    return action


def verb_of_change(action: Action, values: Mapping[str, Any]) -> str:
    """Return the verb of a change of fields, for an action that has its former values."""
    if "owner" in values and values["owner"] != action.owner:
        return "actions.action_assigned"
    if values.get("reviewer") not in (None, action.reviewer):
        return "actions.action_review_requested"
    return "actions.action_changed"


def checked(action: Action, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that the action may get. Raises Refused(field=…)."""
    given = dict(values)
    if "title" in given:
        given["title"] = _title(given["title"])
    if "owner" in given and given["owner"] != action.owner:
        given["owner"] = _able_owner(given["owner"])
    if "exposure" in given:
        given["exposure"] = _exposure(given["exposure"])
    if {"owner", "reviewer"} & given.keys():
        owner, reviewer = given.get("owner", action.owner), given.get("reviewer", action.reviewer)
        if (owner, reviewer) != (action.owner, action.reviewer):
            _outsider(reviewer, owner)
    return given


def take(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Assign the action to the person who acts. Raises Refused, ChangedMeanwhile."""
    return change(action, {"owner": by.person}, by=by, at=at, seen=seen)


@transaction.atomic
def start(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Start an open or blocked action. Raises IllegalMove, ChangedMeanwhile."""
    return _out_of_block(action, ActionState.DOING, by=by, at=at, seen=seen)


@transaction.atomic
def put_back(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Move an action that is being done or blocked back to open. Raises IllegalMove, ChangedMeanwhile."""
    if not action.is_unfinished:
        raise IllegalMove("This action is completed. Reopen it instead.", field="state")
    return _out_of_block(action, ActionState.OPEN, by=by, at=at, seen=seen)


def _out_of_block(action: Action, to: ActionState, *, by: Actor, at: datetime, seen: int | None) -> Action:
    was_blocked = action.state == ActionState.BLOCKED
    history.move(action, to, by=by, at=at, seen=seen, values=UNBLOCKED)
    if was_blocked:
        blocked.drop_dates([action])
    return action


@transaction.atomic
def block(
    action: Action,
    *,
    reason: str,
    by: Actor,
    at: datetime,
    blocker: str = Blocker.OTHER,
    seen: int | None = None,
) -> Action:
    """Mark an action as blocked. blocker: a Blocker. reason: what exactly blocks it.

    If it stays blocked for the organisation's number of working days, its sponsor is told.
    Raises Refused(field="reason"), IllegalMove.
    """
    reason = _reason(reason, NO_REASON)
    values = {"blocker": blocker, "blocked_by": reason[:200], "blocked_at": at}
    history.move(action, ActionState.BLOCKED, by=by, at=at, seen=seen, values=values)
    blocked.put_date(action)
    return action


@transaction.atomic
def finish(
    action: Action,
    *,
    by: Actor,
    at: datetime,
    note: str = "",
    proof: Proof = NO_PROOF,
    seen: int | None = None,
) -> Action:
    """Complete an action. note: its result, for the history and the minutes.

    A review of code and an audit of lineage need a reviewer from outside the teams of the owner, a link and a
    result. Each finding becomes an action about the same subject, assigned to the same owner.
    Raises Refused(field="reviewer", "link", "result" or "findings"), IllegalMove, ChangedMeanwhile.
    """
    former = action.reviewer
    values = {**UNBLOCKED, "settled_at": at, **_proven(action, proof)}
    event = history.move(
        action,
        ActionState.DONE,
        by=by,
        at=at,
        seen=seen,
        values=values,
        payload=events.ActionDone(text=note.strip() or None),
    )
    sight.show_to_reviewer(action, former, by=by, at=at)
    found = [{"title": title, "owner": action.owner} for title in proof.findings if title.strip()]
    if found:
        add_many(found, by=by, at=at, about=action.about, origin=action.subject, cause=event)
    reminder.drop_dates([action])
    return action


def _proven(action: Action, proof: Proof) -> dict[str, Any]:
    """Return the fields that prove the result. Raises Refused for what its type demands and it lacks."""
    reviewer, link = proof.reviewer or action.reviewer, proof.link.strip() or action.link
    findings = [title for title in proof.findings if title.strip()]
    if action.needs_outsider:
        if reviewer is None:
            raise Refused(
                "Choose who reviewed it: somebody outside the teams of the owner.", field="reviewer"
            )
        if not link:
            raise Refused("Enter the link to the review, such as a pull request or a report.", field="link")
        if proof.result not in AuditResult.values:
            raise Refused("Choose the result: fine, or findings.", field="result")
    if proof.result == AuditResult.FINDINGS and not findings:
        raise Refused("Enter each finding. It becomes an action.", field="findings")
    if findings and proof.result != AuditResult.FINDINGS:
        raise Refused("Choose “Findings” as the result, or leave the findings out.", field="result")
    for title in findings:
        if len(title.strip()) > MAX_TITLE:
            raise Refused(f"Shorten the finding “{title[:40]}…” to {MAX_TITLE} characters.", field="findings")
    if proof.reviewer is not None or action.needs_outsider:
        _outsider(reviewer, action.owner)
    return {"reviewer": reviewer, "link": link, "result": proof.result}


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
        values={**UNBLOCKED, "settled_at": at},
        payload=events.ActionDropped(reason=reason),
    )
    reminder.drop_dates([action])
    return action


@transaction.atomic
def reopen(action: Action, *, by: Actor, at: datetime, seen: int | None = None) -> Action:
    """Reopen an action that is done or dropped. This also undoes finish(). Raises IllegalMove."""
    if action.is_unfinished:
        raise IllegalMove("This action is already open.", field="state")
    values = {"settled_at": None, "result": ""}
    history.move(action, ActionState.OPEN, by=by, at=at, seen=seen, values=values)
    reminder.replace_dates([action], at=at)
    return action


def refuse_past_due_date(due_on: date | None, *, by: Actor, at: datetime) -> None:
    """Raise Refused as check_due_on() does, if a person enters the date.

    Imports keep their dates, and Riskhub those that follow from a duty.
    """
    if by.person is not None and by.via != "import":
        check_due_on(due_on, at=at)


def check_due_on(due_on: date | None, *, at: datetime) -> None:
    """Raise Refused(field="due_on") for a due date that is over, where the organisation is.

    No query for a date that has not begun in any time zone yet.
    """
    if due_on is None or due_on > (at.astimezone(UTC) + FURTHEST_AHEAD).date():
        return
    if due_on < people.local_day(at):
        raise Refused(IS_OVER, field="due_on")


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


def _exposure(points: int | None) -> int | None:
    if points is not None and not 1 <= points <= MAX_EXPOSURE:
        raise Refused(f"Use a number of points from 1 to {MAX_EXPOSURE}.", field="exposure")
    return points


def _outsider(reviewer: User | None, owner: User | None) -> User | None:
    """Return the reviewer. Raises Refused(field="reviewer") for one who shares a team with the owner."""
    if reviewer is None:
        return None
    if not reviewer.is_active:
        raise Refused(f"{reviewer.name} is deactivated. Choose an active person.", field="reviewer")
    if reason := people.why_no_owner(reviewer):
        raise Refused(reason, field="reviewer")
    if owner is not None and (reviewer == owner or set(reviewer.team_ids) & set(owner.team_ids)):
        raise Refused(
            f"{reviewer.name} is in a team of {owner.name}. Choose somebody from outside.", field="reviewer"
        )
    return reviewer
