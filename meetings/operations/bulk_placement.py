"""Put many subjects on agendas. The number of statements depends on the meetings, not on the subjects."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalogue.queries import change_request as change_queries
from history import operations as history
from history.models import Subject
from kit.actor import SYSTEM
from meetings import events
from meetings.models import AgendaItem, Meeting
from meetings.operations import placement, subject_items
from meetings.operations.placement import Rank
from meetings.queries import agenda as agenda_queries
from meetings.queries import series as series_queries
from meetings.queries.facts import facts_of
from meetings.routing import NoMeeting, lateness, route
from meetings.states import TO_COME, ItemState
from people import queries as people
from risklog.models import Escalation, Review
from risklog.states import UNRESOLVED, ReviewState


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """A subject for the agenda of a meeting, with the fields of its item and the class of its rank."""

    about: Subject
    values: Mapping[str, Any]
    rank: Rank


def put_many(meeting: Meeting, drafts: Sequence[ItemDraft], *, at: datetime) -> list[AgendaItem]:
    """Do what placement.put() does, for many different subjects. Riskhub itself puts them.

    Subjects that are on an upcoming agenda already come first. The others become new items in their order.
    """
    placed = agenda_queries.upcoming_items_of([draft.about for draft in drafts])
    later: list[tuple[ItemDraft, AgendaItem]] = []
    new, items = [], []
    for draft in drafts:
        known = placed.get(draft.about.pk)
        if known is None:
            new.append(draft)
        elif placement.is_only_later(known, meeting):
            later.append((draft, known[0]))
        else:
            items.append(_put(meeting, draft, known, at=at))
    return [*items, *_bring_forward(meeting, later, at=at), *_add(meeting, new, at=at)]


def _put(meeting: Meeting, draft: ItemDraft, known: Sequence[AgendaItem], *, at: datetime) -> AgendaItem:
    return placement.put(
        meeting, draft.about, draft.values, draft.rank, by=SYSTEM, at=at, cause=None, placed=known
    )


def _bring_forward(
    meeting: Meeting, later: Sequence[tuple[ItemDraft, AgendaItem]], *, at: datetime
) -> list[AgendaItem]:
    """Move items of later meetings to this one."""
    payloads = [events.ItemMoved(item=item.pk, from_meeting=item.meeting.subject_id) for _, item in later]
    ranks = _ranks(meeting, [draft for draft, _ in later])
    pairs = [
        (item, {"meeting": meeting, "rank": rank, "why": draft.values["why"]})
        for (draft, item), rank in zip(later, ranks, strict=True)
    ]
    history.change_many(pairs, verb=events.ItemMoved.verb, payloads=payloads, by=SYSTEM, at=at)
    return [item for _, item in later]


def _add(meeting: Meeting, drafts: Sequence[ItemDraft], *, at: datetime) -> list[AgendaItem]:
    items = [
        AgendaItem(meeting=meeting, about=draft.about, rank=rank, **draft.values)
        for draft, rank in zip(drafts, _ranks(meeting, drafts), strict=True)
    ]
    payloads = [events.ItemAdded(about=draft.about.pk) for draft in drafts]
    history.record_many(items, events.ItemAdded.verb, payloads=payloads, by=SYSTEM, at=at)
    return items


def _ranks(meeting: Meeting, drafts: Sequence[ItemDraft]) -> list[int]:
    """Return the rank of each draft: after the last item of its class on the agenda, in their order."""
    following = {rank: placement.next_rank(meeting, rank) for rank in {draft.rank for draft in drafts}}
    ranks = []
    for draft in drafts:
        rank = min(following[draft.rank], draft.rank + 99)
        following[draft.rank] = rank + 1
        ranks.append(rank)
    return ranks


def place_waiting(*, at: datetime) -> int:
    """Place what waits and is on no upcoming agenda: reviews, escalations, proposals and change requests.

    Return the number of placed items.
    """
    placed_subjects = AgendaItem.objects.filter(meeting__state__in=TO_COME, about__isnull=False).values(
        "about"
    )
    reviews = (
        Review.objects.filter(state=ReviewState.OPEN)
        .exclude(subject__in=placed_subjects)
        .order_by("due_at", "id")
    )
    escalations = (
        Escalation.objects.filter(state__in=UNRESOLVED).exclude(about__in=placed_subjects).order_by("id")
    )
    placed: list[AgendaItem | None] = [
        *_place_reviews(reviews.select_related("about", "model", "subject"), at=at)
    ]
    placed += [
        subject_items.place_escalated(escalation, at=at)
        for escalation in escalations.select_related("about", "subject")
    ]
    placed += [
        subject_items.place_threshold(version.threshold, at=at)
        for version in agenda_queries.proposed_versions().exclude(threshold__subject__in=placed_subjects)
    ]
    placed += [
        subject_items.place_acceptance(proposal, at=at)
        for proposal in agenda_queries.proposed_acceptances().exclude(risk__subject__in=placed_subjects)
    ]
    placed += [
        subject_items.place_change(change, at=at)
        for change in change_queries.to_sign().exclude(subject__in=placed_subjects)
    ]
    return sum(item is not None for item in placed)


@history.in_one_transaction
def _place_reviews(reviews: Iterable[Review], *, at: datetime) -> list[AgendaItem | None]:
    """Do what subject_items.place_review() does, for reviews on no upcoming agenda."""
    candidates = series_queries.candidates(at)
    drafts: dict[int, list[ItemDraft]] = defaultdict(list)
    chosen: dict[int, list[Review]] = defaultdict(list)
    with people.known_organisation(people.organisation()):
        for review in reviews:
            given = subject_items.of_review(review)
            about, team, kind = given.pop("about"), given.pop("team_id"), given.pop("kind")
            urgent = given.pop("urgent_reason")
            choice = route(candidates, team=team, kind=kind, urgent_reason=urgent, due_at=review.due_at)
            if isinstance(choice, NoMeeting):
                placement.note_no_meeting(about, choice, by=SYSTEM, at=at, cause=None)
                continue
            rank = Rank.URGENT if urgent else Rank.REVIEW
            values = placement.item_values(choice, **given)
            drafts[choice.meeting.id].append(ItemDraft(about, values, rank))
            chosen[choice.meeting.id].append(review)
    items: list[AgendaItem | None] = []
    for meeting_id, some in sorted(drafts.items()):
        meeting = placement.lock_planned(meeting_id)
        if meeting is None:  # it was cancelled or started in the meantime
            items += [subject_items.place_review(review, at=at) for review in chosen[meeting_id]]
        else:
            items += put_many(meeting, some, at=at)
    return items


def place_again(meeting: Meeting, *, at: datetime) -> None:
    """Place the waiting reviews and escalations of a moved meeting again: another may be sooner now."""
    waiting = AgendaItem.objects.filter(meeting=meeting, state=ItemState.WAITING, about__isnull=False)
    reviews = Review.objects.filter(state=ReviewState.OPEN, subject__in=waiting.values("about"))
    escalations = Escalation.objects.filter(state__in=UNRESOLVED, about__in=waiting.values("about"))
    for review in reviews.select_related("about", "model", "subject").order_by("due_at", "id"):
        subject_items.place_review(review, at=at)
    for escalation in escalations.select_related("about", "subject").order_by("id"):
        subject_items.place_escalated(escalation, at=at)
    _note_lateness(meeting, at=at)


def _note_lateness(meeting: Meeting, *, at: datetime) -> None:
    """Say on the waiting items of a moved meeting that it is after the due date of their subject."""
    waiting = AgendaItem.objects.filter(meeting=meeting, state=ItemState.WAITING, about__isnull=False)
    for item in waiting.select_related("about", "meeting__subject").order_by("id"):
        assert item.about is not None
        due_at = facts_of(item.about).due_at
        if due_at is None or due_at >= meeting.starts_at:
            continue
        late = lateness(due_at.astimezone(people.zone_of(None)).date())
        if late not in item.why:
            why = "; ".join(filter(None, (item.why, late)))[:300]
            history.change(item, {"why": why}, by=SYSTEM, at=at, verb="meetings.item_changed")
