import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from meetings.models import AgendaItem
from meetings.operations import carry
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import ItemOutcome, ItemState
from tests.factories import catalogue, people, risklog_review, risks
from tests.factories import meetings as make

pytestmark = pytest.mark.django_db


def fresh(item: AgendaItem) -> AgendaItem:
    return AgendaItem.objects.select_related("meeting__series", "meeting__subject").get(pk=item.pk)


def order(meeting) -> list[str]:
    return list(meeting.items.order_by("rank", "id").values_list("title", flat=True))


def test_people_add_and_move_items():
    meeting = make.planned()
    for title in ("One", "Two", "Three"):
        make.item(meeting, title=title)
    three = meeting.items.get(title="Three")

    items.shift(three, up=True, by=SYSTEM, at=meeting.starts_at)
    assert order(meeting) == ["One", "Three", "Two"]
    items.shift(fresh(three), up=True, by=SYSTEM, at=meeting.starts_at)
    items.shift(fresh(three), up=True, by=SYSTEM, at=meeting.starts_at)
    assert order(meeting) == ["Three", "One", "Two"]
    items.shift(fresh(three), up=False, by=SYSTEM, at=meeting.starts_at)
    assert order(meeting) == ["One", "Three", "Two"]


@pytest.mark.parametrize(("field", "value"), [("title", " "), ("minutes", 0), ("minutes", 999)])
def test_add_refuses_and_names_the_field(field, value):
    with pytest.raises(Refused) as refusal:
        items.add(make.planned(), **{"title": "Fine", field: value}, by=SYSTEM, at=make.AT)

    assert refusal.value.field == field


def test_a_subject_is_on_an_agenda_only_once():
    meeting, subject = make.planned(), people.team().subject
    item = make.item(meeting, about=subject)

    with pytest.raises(Refused):
        make.item(meeting, about=subject)
    items.take_off(item, by=SYSTEM, at=make.AT)
    assert make.item(meeting, about=subject).pk == item.pk


def test_one_item_is_current_and_its_time_is_kept(at):
    meeting = make.live()
    one, two = make.item(meeting), make.item(meeting)
    start = meeting.starts_at

    items.take_up(one, by=SYSTEM, at=start)
    items.take_up(two, by=SYSTEM, at=start + timedelta(minutes=4))
    items.take_up(fresh(one), by=SYSTEM, at=start + timedelta(minutes=6))
    done = items.finish(fresh(one), outcome=ItemOutcome.NO_CHANGE, by=SYSTEM, at=start + timedelta(minutes=9))

    assert (done.state, done.spent_seconds, done.current_since) == (ItemState.DONE, 7 * 60, None)
    assert fresh(two).spent_seconds == 120
    assert not meeting.items.filter(state=ItemState.CURRENT).exists()


def test_nothing_is_taken_up_before_the_meeting_begins():
    with pytest.raises(Refused):
        items.take_up(make.item(), by=SYSTEM, at=make.AT)


def test_finish_refuses_an_unknown_outcome_and_a_second_time(at):
    item = make.current()

    with pytest.raises(Refused) as refusal:
        items.finish(item, outcome="perhaps", by=SYSTEM, at=at)
    assert refusal.value.field == "outcome"
    items.finish(item, outcome=ItemOutcome.ACTIONS, by=SYSTEM, at=at)
    with pytest.raises(IllegalMove):
        items.finish(fresh(item), outcome=ItemOutcome.ACTIONS, by=SYSTEM, at=at)


def test_defer_carries_and_counts_how_often():
    series = make.series()
    first = make.live(series)
    item = make.current(first)

    items.defer(item, by=SYSTEM, at=first.ends_at)
    carried = AgendaItem.objects.select_related("meeting__series").get(carried_from=item)
    second = meetings.start(carried.meeting, by=SYSTEM, at=carried.meeting.starts_at)
    again = carry.carry(fresh(carried), by=SYSTEM, at=second.ends_at)

    assert item.outcome == ItemOutcome.DEFERRED
    assert (again.times_carried, again.carried_from_id) == (2, carried.pk)
    assert again.why.endswith("2 times in total")


def test_extend_gives_minutes():
    item = make.current(minutes=10)

    items.extend(item, minutes=2, by=SYSTEM, at=make.AT)

    assert fresh(item).minutes == 12
    with pytest.raises(Refused):
        items.extend(item, minutes=-12, by=SYSTEM, at=make.AT)


def test_a_note_is_refused_when_somebody_wrote_meanwhile():
    item = make.current()
    stale = fresh(item)
    items.note(item, notes="Theirs", by=SYSTEM, at=make.AT)

    with pytest.raises(ChangedMeanwhile) as refusal:
        items.note(stale, notes="Mine", by=SYSTEM, at=make.AT)

    assert refusal.value.present.notes == "Theirs"


@pytest.mark.django_db(transaction=True)
def test_six_editors_with_fifty_edits_each_lose_nothing():
    item = make.current()
    kept, refused = [], []

    def edit(editor: int) -> None:
        for number in range(50):
            text = f"{editor}:{number}"
            seen = AgendaItem.objects.select_related("meeting").get(pk=item.pk)
            try:
                with transaction.atomic():
                    items.note(seen, notes=text, by=SYSTEM, at=make.AT)
                kept.append(text)
            except ChangedMeanwhile as refusal:
                assert refusal.present.pk == item.pk
                refused.append(text)
        connection.close()

    threads = [threading.Thread(target=edit, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    events = Event.objects.filter(verb="meetings.item_noted").order_by("id")
    written = [event.data["rows"][0]["changes"]["notes"] for event in events]
    assert len(kept) + len(refused) == 300
    assert sorted(new for _, new in written) == sorted(kept)
    assert [old for old, _ in written] == ["", *(new for _, new in written[:-1])]
    assert fresh(item).notes == written[-1][1]
    assert fresh(item).version == item.version + len(kept)


def test_what_is_escalated_is_carried_to_the_very_next_meeting():
    series = make.series(team := make.crew()[0])
    model = catalogue.model(owner_team=team)
    meeting = make.live(series)
    category = risks.category("label-noise")
    item = make.item(meeting, about=risks.risk(model=model, category=category).subject)
    assert category.kind not in make.planned(series, 1).focus.kinds
    risklog_review.escalation(about=item.about)

    carried = carry.carry(item, by=SYSTEM, at=meeting.starts_at)

    assert carried.meeting == make.planned(series, 1)


def test_what_was_carried_over_while_no_meeting_was_planned_is_taken_up_by_the_next_one_planned():
    from meetings.operations import series as all_series

    series = make.series(rrule="FREQ=WEEKLY;COUNT=1")
    meeting = make.live(series)
    left, done = make.item(meeting, title="Left"), make.item(meeting, title="Done")
    subject = people.team().subject
    about = make.item(meeting, title="About a team", about=subject)
    items.finish(done, outcome=ItemOutcome.NO_CHANGE, by=SYSTEM, at=meeting.starts_at)
    meetings.close(meeting, by=SYSTEM, at=meeting.ends_at)
    assert fresh(left).state == ItemState.CARRIED

    all_series.change(series, {"rrule": "FREQ=WEEKLY"}, by=SYSTEM, at=meeting.ends_at)
    meetings.plan(series, at=make.a_week(meeting.ends_at, 2))

    waiting = AgendaItem.objects.filter(meeting__series=series, state=ItemState.WAITING).order_by("title")
    assert [(one.title, one.carried_from) for one in waiting] == [("About a team", about), ("Left", left)]
