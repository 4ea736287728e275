"""Payloads are typed and have versions, and old events stay readable."""

from dataclasses import FrozenInstanceError

import pytest

from history import declarations
from history import operations as history
from history.declarations import EventType, Payload, rename
from history.models import Event
from history.queries import present_data
from history.templatetags.timeline import lines
from kit.actor import SYSTEM
from meetings.events import ItemMoved
from risklog.events.review import ReviewAnnotated, ReviewSettled
from tests.factories import people, risklog_review


class Painted(
    Payload,
    verb="people.team_painted",
    upcasters=(rename("paint", to="colour"), lambda data: {**data, "coats": data.get("coats", 1)}),
):
    colour: str
    coats: int
    shade: str | None = None


@pytest.fixture
def declared():
    kept = declarations.every()
    declarations.install([*kept, EventType(Painted)])
    yield
    declarations.install(kept)


def stored(subject, verb: str, version: int, data: dict, at) -> Event:
    """An event as an earlier release wrote it."""
    return Event.objects.create(
        subject=subject, verb=verb, schema_version=version, at=at, via=Event.Via.PAGE, data=data
    )


@pytest.mark.django_db
def test_a_payload_names_the_verb_and_is_stored_with_its_version(declared, at):
    event = history.record(people.team(), Painted(colour="red", coats=2), by=SYSTEM, at=at)

    event.refresh_from_db()
    assert (event.verb, event.schema_version) == ("people.team_painted", 3)
    assert event.data == {"colour": "red", "coats": 2}  # None is not stored
    assert present_data(event) == {"colour": "red", "coats": 2, "shade": None}


def test_a_payload_is_frozen_and_refuses_what_it_does_not_know():
    with pytest.raises(TypeError):
        Painted(colour="red")
    with pytest.raises(TypeError):
        Painted(colour="red", coats=1, paint="red")
    with pytest.raises(FrozenInstanceError):
        Painted(colour="red", coats=1).coats = 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("version", "data"),
    [(1, {"paint": "red"}), (2, {"colour": "red"}), (3, {"colour": "red", "coats": 1})],
)
def test_an_event_of_any_version_reads_in_todays_shape(declared, at, version, data):
    event = stored(people.team().subject, "people.team_painted", version, data, at)

    assert present_data(event) == {"colour": "red", "coats": 1, "shade": None}


@pytest.mark.django_db
def test_an_item_that_was_moved_before_the_rename_still_says_from_where(at):
    team = people.team()
    old = stored(team.subject, ItemMoved.verb, 1, {"item": 3, "from": team.subject_id}, at)

    assert present_data(old) == {"item": 3, "from_meeting": team.subject_id}
    assert ItemMoved(**present_data(old)) == ItemMoved(item=3, from_meeting=team.subject_id)


@pytest.mark.django_db
def test_a_review_that_was_settled_before_the_rename_still_shows_its_outcome(at):
    review = risklog_review.review()
    data = {"outcome": "confirmed", "words": "Confirmed", "reason": "Seen."}
    old = stored(review.subject, ReviewSettled.verb, 1, data, at)

    (line,) = lines([old])

    assert line.note["label"] == "Confirmed"
    assert "words" not in line.note


@pytest.mark.django_db
def test_a_payload_of_another_event_is_refused(at):
    review = risklog_review.review()

    with pytest.raises(ValueError, match="its payload is one of"):
        history.change(
            review,
            {"title": "Other"},
            by=SYSTEM,
            at=at,
            verb="risklog.review_claimed",
            payload=ReviewAnnotated(why="No."),
        )
