"""The backlog of a meeting: what does not fit, what people park, and where it goes."""

import pytest
from django.urls import reverse

from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from meetings.models import AgendaItem
from meetings.operations import agenda, backlog
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import ItemState
from tests.factories import meetings as make
from tests.factories import people
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db
WAITING, BACKLOG = ItemState.WAITING, ItemState.BACKLOG


@pytest.fixture
def meeting():
    """A planned meeting of 45 minutes."""
    people.organisation()
    return make.planned()


def states(meeting) -> dict[str, str]:
    return dict(meeting.items.values_list("title", "state"))


def start(meeting):
    return meetings.start(meeting, by=SYSTEM, at=meeting.starts_at)


def test_what_does_not_fit_goes_to_the_backlog_the_lowest_rank_first(meeting):
    for title, minutes in (("One", 20), ("Two", 20), ("Three", 10), ("Four", 5)):
        make.item(meeting, title=title, minutes=minutes)

    start(meeting)

    assert states(meeting) == {"One": WAITING, "Two": WAITING, "Three": BACKLOG, "Four": BACKLOG}
    parked = Event.objects.filter(verb="meetings.item_parked")
    assert [event.data["fits"] for event in parked] == [False, False]
    assert len({event.batch for event in parked}) == 1


def test_one_item_stays_even_if_it_is_longer_than_the_meeting(meeting):
    make.item(meeting, title="Long", minutes=60)
    make.item(meeting, title="Short", minutes=5)

    start(meeting)

    assert states(meeting) == {"Long": WAITING, "Short": BACKLOG}


def test_what_was_taken_back_stays_and_what_fits_later_comes_back(meeting):
    for title, minutes in (("One", 30), ("Two", 20), ("Three", 10)):
        make.item(meeting, title=title, minutes=minutes)
    backlog.fit(meeting, by=SYSTEM, at=make.AT)
    assert states(meeting) == {"One": WAITING, "Two": BACKLOG, "Three": BACKLOG}

    backlog.take_back(meeting.items.get(title="Three"), by=SYSTEM, at=make.AT)
    items.change(meeting.items.get(title="One"), {"minutes": 10}, by=SYSTEM, at=make.AT)
    backlog.fit(meeting, by=SYSTEM, at=make.AT)
    assert states(meeting) == {"One": WAITING, "Two": WAITING, "Three": WAITING}

    items.change(meeting.items.get(title="One"), {"minutes": 30}, by=SYSTEM, at=make.AT)
    start(meeting)
    assert states(meeting) == {"One": WAITING, "Two": BACKLOG, "Three": WAITING}


def test_the_published_agenda_fits_and_counts_only_what_is_on_it(meeting):
    from history.models import Due

    for number in range(6):
        make.item(meeting, title=f"Item {number}", minutes=10)
    due = Due.objects.get(kind=agenda.PUBLISH, subject=meeting.subject)

    agenda.publish(due, at=due.at)

    published = Event.objects.get(verb="meetings.agenda_published")
    assert (published.data["items"], published.data["minutes"]) == (4, 40)


def test_a_parked_item_stays_parked_however_much_room_there_is(meeting):
    person = people.user()
    item = make.item(meeting, title="Later", minutes=5)

    backlog.park(item, by=Actor(person, "page"), at=make.AT)
    start(meeting)

    item.refresh_from_db()
    assert (item.state, item.parked_by) == (BACKLOG, person)
    with pytest.raises(IllegalMove):
        backlog.park(item, by=SYSTEM, at=make.AT)


def test_the_backlog_goes_on_to_the_next_meeting_of_the_series(meeting):
    person = people.user()
    by = Actor(person, "page")
    make.item(meeting, title="Fits", minutes=40)
    make.item(meeting, title="Does not", minutes=10)
    start(meeting)
    items.add(meeting, title="Parked", is_parked=True, by=by, at=meeting.starts_at)

    meetings.close(meeting, by=SYSTEM, at=meeting.ends_at)

    following = make.planned(meeting.series, 1)
    carried = {row.title: row for row in following.items.all()}
    assert {title: row.state for title, row in carried.items()} == {
        "Fits": WAITING,
        "Does not": BACKLOG,
        "Parked": BACKLOG,
    }
    assert (carried["Parked"].parked_by, carried["Does not"].parked_by) == (person, None)
    closed = Event.objects.get(verb="meetings.meeting_closed")
    assert closed.data["carried"] == 1


def test_nothing_is_parked_after_the_end(meeting):
    item = make.item(meeting)
    start(meeting)
    meetings.close(meeting, by=SYSTEM, at=meeting.ends_at)

    for act in (
        lambda: backlog.park(AgendaItem.objects.get(pk=item.pk), by=SYSTEM, at=meeting.ends_at),
        lambda: items.add(meeting, title="Late", is_parked=True, by=SYSTEM, at=meeting.ends_at),
    ):
        with pytest.raises(Refused):
            act()


def test_building_the_agenda_again_leaves_the_backlog_alone():
    team, _ = make.crew()
    meeting = make.planned(make.series(team))
    review = risklog.review(of_model=risklog.model(owner_team=team), kind="data_quality")
    from meetings.operations import subject_items

    item = subject_items.place_review(review, at=make.AT)
    backlog.park(item, by=Actor(people.user(), "page"), at=make.AT)

    again = subject_items.place_review(review, at=make.AT)
    agenda.build(item.meeting, at=make.AT)

    item.refresh_from_db()
    assert (again.pk, item.state) == (item.pk, BACKLOG)
    assert AgendaItem.objects.filter(about=review.subject).count() == 1
    assert meeting.series_id == item.meeting.series_id


def test_the_page_shows_the_backlog_and_one_click_takes_an_item_back(client, meeting):
    person = people.user(teams=list(meeting.series.teams.all()))
    client.force_login(person)
    item = make.item(meeting, title="Label delay")
    url = reverse("meetings:item_park", args=[item.pk])
    detail = reverse("meetings:meeting_detail", args=[meeting.reference])
    assert url in client.get(detail).content.decode()

    client.post(url, {"version": item.version})

    page = client.get(detail).content.decode()
    assert "0 of 45 min" in " ".join(page.split())
    assert f"Moved here by {person.name}" in page
    item.refresh_from_db()
    client.post(reverse("meetings:item_take_back", args=[item.pk]), {"version": item.version})
    item.refresh_from_db()
    assert item.state == WAITING
