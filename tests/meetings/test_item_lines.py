"""What the timeline of a meeting says of its items, and who brought them."""

from datetime import date

import pytest

from kit.actor import SYSTEM, Actor
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import ItemOutcome
from tests.factories import meetings as make
from tests.factories import people, risks
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db


def page_of(client, reader, meeting) -> str:
    client.force_login(reader)
    return " ".join(client.get(f"/meetings/{meeting.reference}/").content.decode().split())


def test_who_starts_a_meeting_does_not_bring_its_automatic_items(client, at):
    team, (ana, _) = make.crew()
    series = make.series(team)
    risk = risks.risk(model=risklog.model(owner_team=team), team=team)
    type(risk).objects.filter(pk=risk.pk).update(review_on=date(2026, 11, 20))
    meeting = make.planned(series)

    meetings.start(meeting, by=Actor(ana, "page"), at=meeting.starts_at)

    item = meeting.items.get(about=risk.subject)
    assert item.added_by is None
    assert "added by Ana" not in page_of(client, ana, meeting)


def test_the_timeline_names_an_item_to_those_who_may_see_it(client, at):
    people.organisation()
    team, (ana, jonas) = make.crew()
    meeting = make.live(make.series(team))
    secret = make.restricted([ana], "A quiet leak")
    for item in (
        make.item(meeting, title="Plan the audit"),
        make.item(meeting, title="Talk", about=secret),
    ):
        items.take_up(item, by=SYSTEM, at=meeting.starts_at)
        item.refresh_from_db()
        items.finish(item, outcome=ItemOutcome.NO_CHANGE, by=SYSTEM, at=meeting.starts_at)

    insider, outsider = page_of(client, ana, meeting), page_of(client, jonas, meeting)

    for page in (insider, outsider):
        assert "started <b>Plan the audit</b>" in page
        assert "completed <b>Plan the audit</b>" in page
    assert "A quiet leak</b>" in insider
    assert "A quiet leak" not in outsider
    assert "started an item" in outsider


def test_the_timeline_names_an_item_that_was_removed_or_moved_back(client, at):
    people.organisation()
    team, (ana, jonas) = make.crew()
    meeting = make.planned(make.series(team))
    secret = make.restricted([ana], "A quiet leak")
    for item in (
        make.item(meeting, title="Plan the audit"),
        make.item(meeting, title="Talk", about=secret),
    ):
        items.take_off(item, by=Actor(ana, "page"), at=at)
        items.put_back(item, by=Actor(ana, "page"), at=at)

    insider, outsider = page_of(client, ana, meeting), page_of(client, jonas, meeting)

    for page in (insider, outsider):
        assert "removed <b>Plan the audit</b> from the agenda" in page
        assert "moved <b>Plan the audit</b> back to upcoming" in page
    assert "A quiet leak</b>" in insider
    assert "A quiet leak" not in outsider
    assert "removed an item from the agenda" in outsider
