"""Settle proposals before a meeting: people contest them, and a decider agrees to the others in one step."""

from datetime import datetime

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from meetings import events
from meetings.models import AgendaItem, Contest, Decision, Meeting
from meetings.operations import carry
from meetings.operations import decision as decisions
from meetings.queries import settlement as queries
from meetings.queries.settlement import AgendaProposal
from meetings.states import ItemOutcome, ItemState, MeetingState
from people.models import User


@transaction.atomic
def contest(item: AgendaItem, *, reason: str, by: Actor, at: datetime) -> Contest:
    """Contest a proposal, so that the meeting discusses it. Raises Refused(field="reason" or "state")."""
    person = _person(by)
    _lock_open(item.meeting)
    item = AgendaItem.objects.select_related("about", "meeting", "settled_by").get(pk=item.pk)
    if item.state == ItemState.SETTLED:
        name = item.settled_by.name if item.settled_by else "Riskhub"
        raise Refused(f"{name} agreed to this already. Only a new decision changes it.", field="state")
    proposals = queries.of_meeting(item.meeting, person, at=at).proposals
    if not any(proposal.item.pk == item.pk for proposal in proposals):
        raise Refused("This item has no proposal that can be settled before the meeting.", field="state")
    if not reason.strip():
        raise Refused("Enter why the meeting should discuss it.", field="reason")
    if queries.contest_by(person, item):
        raise Refused("You contested this already.", field="state")
    row = Contest(item=item, user=person, reason=reason.strip()[:300], contested_at=at)
    counted = (item, {"contested_count": item.contested_count + 1})
    history.record(row, events.ItemContested(reason=row.reason), by=by, at=at, rows=[counted])
    return row


@transaction.atomic
def withdraw(row: Contest, *, by: Actor, at: datetime, seen: int | None = None) -> Contest:
    """Take back one's own contest. Raises Refused(field="state" or "by"), ChangedMeanwhile."""
    if by.person is None or by.person.pk != row.user_id:
        raise Refused("Only the person who contested a proposal takes that back.", field="by")
    _lock_open(row.item.meeting)
    row = Contest.objects.select_related("item").get(pk=row.pk)
    if row.withdrawn_at is not None:
        raise Refused("You took this back already.", field="state")
    counted = (row.item, {"contested_count": row.item.contested_count - 1})
    verb, values = "meetings.contest_withdrawn", {"withdrawn_at": at}
    history.change(row, values, by=by, at=at, seen=seen, verb=verb, rows=[counted])
    return row


@transaction.atomic
def withdraw_from(item: AgendaItem, *, by: Actor, at: datetime) -> Contest:
    """Take back the author's contest of an item. Raises as withdraw()."""
    row = queries.contest_by(_person(by), item)
    if row is None:
        raise Refused("You do not contest this item.", field="state")
    return withdraw(row, by=by, at=at)


@transaction.atomic
def settle(
    meeting: Meeting, *, by: Actor, at: datetime, digest: str | None = None, seen: int | None = None
) -> list[tuple[AgendaProposal, Decision]]:
    """Agree to the uncontested proposals that the person decides, each by a decision of its own. All or none.

    digest: of the list that the person saw (queries.settlement); None for whatever is uncontested now.
    Raises Refused, IllegalMove, and ChangedMeanwhile if the list or the meeting changed.
    """
    person = _person(by)
    meeting = _lock_open(meeting)
    if seen is not None and seen != meeting.version:
        raise ChangedMeanwhile("Somebody else changed this meeting. Check it and try again.", present=meeting)
    settlement = queries.of_meeting(meeting, person, at=at)
    if digest is not None and digest != settlement.digest:
        raise ChangedMeanwhile(
            "What you can agree to has changed since you opened this page. Check the list and press again.",
            present=meeting,
        )
    if not settlement.agreeable:
        raise Refused("There is no uncontested proposal that you decide.", field="state")
    return [(one, _agree(one, meeting, by=by, at=at)) for one in settlement.agreeable]


def _agree(proposal: AgendaProposal, meeting: Meeting, *, by: Actor, at: datetime) -> Decision:
    """Record the decision that agrees to a proposal, with its effect, and take its item off the agenda."""
    item = proposal.item
    item.meeting = meeting
    reason = (
        f"Nobody contested the proposal before {meeting.reference}. Why it was proposed: {proposal.reason}"
    )
    try:
        decision = decisions.record(
            text=proposal.text,
            reason=reason,
            item=item,
            is_before_meeting=True,
            effects=[proposal.effect],
            by=by,
            at=at,
        )
    except ChangedMeanwhile:
        text = f"Somebody else just changed this: {proposal.text}. Nothing was agreed. Check the list again."
        raise ChangedMeanwhile(text, present=meeting) from None
    except Refused as refusal:
        text = f"{proposal.text}: {refusal.message} Nothing was agreed."
        raise Refused(text, field="state") from None
    values = {"outcome": ItemOutcome.DECIDED, "settled_by": by.person}
    payload = events.ItemSettled(**carry.named(item))
    history.move(item, ItemState.SETTLED, by=by, at=at, values=values, payload=payload)
    return decision


def _person(by: Actor) -> User:
    if not isinstance(by.person, User):
        raise Refused("Only a person settles proposals.", field="by")
    return by.person


def _lock_open(meeting: Meeting) -> Meeting:
    """Return the current row of the meeting, locked. Raises IllegalMove if it is too early or too late."""
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("subject", "series")
    meeting = rows.get(pk=meeting.pk)
    check_open(meeting)
    return meeting


def check_open(meeting: Meeting) -> None:
    """Raise IllegalMove if it is too early or too late to settle proposals before the meeting."""
    if meeting.state == MeetingState.CANCELLED:
        raise IllegalMove("This meeting is cancelled.", field="state")
    if meeting.state != MeetingState.PLANNED:
        raise IllegalMove(
            "The meeting has started. From then on, items are decided in the meeting.", field="state"
        )
    if not queries.is_open(meeting):
        raise IllegalMove(
            "The agenda is not published yet. From then on, a day before the meeting, proposals are settled.",
            field="state",
        )
