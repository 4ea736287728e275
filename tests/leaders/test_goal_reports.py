"""Goals in the weekly digest and on the first agenda of a month."""

from datetime import date, timedelta

import pytest

from kit.actor import SYSTEM
from leaders.operations import goal as goals
from leaders.operations import snapshot
from leaders.states import Measure
from meetings.models import AgendaItem, Meeting
from meetings.operations import agenda
from meetings.operations import meeting as meetings
from notices.queries import digest
from people.models import User
from people.operations import organisation
from tests.factories import leaders as make
from tests.factories import meetings as make_meetings
from tests.factories import people, risks
from tests.moments import AT

pytestmark = pytest.mark.django_db

TITLE = "Goals of the month"


@pytest.fixture(autouse=True)
def northwind(db):
    return organisation.found(name="Northwind", time_zone="Europe/Berlin", by=SYSTEM, at=AT)


def built(meeting: Meeting) -> AgendaItem | None:
    agenda.build(meeting, at=AT)
    return AgendaItem.objects.filter(meeting=meeting, title=TITLE).first()


def by_month(series) -> dict[str, list[Meeting]]:
    found: dict[str, list[Meeting]] = {}
    rows = Meeting.objects.filter(series=series).select_related("series", "focus", "subject")
    for meeting in rows.order_by("starts_at"):
        found.setdefault(f"{meeting.starts_at:%Y-%m}", []).append(meeting)
    return found


def test_the_first_meeting_of_a_month_has_the_goals_and_the_others_have_not():
    team, other = people.team("Growth"), people.team("Fraud")
    make.goal("Fewer late actions", target=0, start=4)
    make.goal("Of the team", team=team, target=9, direction="at_least")
    make.goal("Of another team", team=other)
    months = by_month(make_meetings.series(team))

    item = built(months["2026-12"][0])

    assert item.why == (
        "Fewer late actions (4, target at most 0: 0% of the way); "
        "Of the team (No figure yet, target at least 9)"
    )
    assert (item.purpose, item.minutes) == ("inform", 5)
    assert built(months["2026-12"][1]) is None


def test_a_cancelled_first_meeting_leaves_the_goals_to_the_next_one():
    goal = make.goal()
    first, second = by_month(make_meetings.series())["2026-12"][:2]
    meetings.cancel(first, reason="Holiday", by=SYSTEM, at=AT)

    assert built(second) is not None
    goals.drop(goal, reason="Done otherwise", by=SYSTEM, at=AT)
    assert built(second).state == "done"


def test_the_digest_has_the_progress_of_the_goals_of_the_organisation_first():
    make.goal("Fewer risks", measure=Measure.LIVE_RISKS, start=5, target=1)
    make.goal("By hand", start=8, target=4)
    make.goal("Of a team", team=people.team("Growth"))
    risks.risk(), risks.risk(), risks.risk()
    snapshot.take(AT)
    reader = User.objects.with_sight().get(pk=people.user().pk)

    content = digest.content_for(reader, since=AT - timedelta(days=7), at=AT + timedelta(hours=1))

    sections = digest.shown(reader, content).sections
    lines = next(one["lines"] for one in sections if one["key"] == "goals")
    texts = " ".join(str(line) for line in lines)
    assert "3, target at most 1: 50% of the way, by 22 Jan." in texts
    assert "8, target at most 4: 0% of the way" in texts
    assert "Of a team" not in texts
    assert date(2027, 1, 22) == AT.date() + timedelta(days=60)


def goals_in_digest_of(person: User) -> str:
    reader = User.objects.with_sight().get(pk=person.pk)
    content = digest.content_for(reader, since=AT - timedelta(days=7), at=AT + timedelta(hours=1))
    sections = digest.shown(reader, content).sections
    return " ".join(str(line) for one in sections if one["key"] == "goals" for line in one["lines"])


def test_the_digest_has_the_goals_of_a_team_for_its_members():
    team, other = people.team("Growth"), people.team("Fraud")
    make.goal("Fewer risks of ours", team=team, measure=Measure.LIVE_RISKS, start=4, target=1)
    make.goal("Nothing counted", team=other, measure=Measure.LIVE_RISKS, start=2, target=1)
    make.goal("Of all")
    risks.risk(team=team), risks.risk(team=team)
    snapshot.take(AT)
    member, of_other, of_none = people.user(teams=[team]), people.user(teams=[other]), people.user()

    assert "Growth: 2, target at most 1: 66% of the way" in goals_in_digest_of(member)
    assert "Nothing counted" not in goals_in_digest_of(member)
    assert "Fraud: 0, target at most 1: target met" in goals_in_digest_of(of_other)
    assert "of ours" not in goals_in_digest_of(of_none)
    for one in (member, of_other, of_none):
        assert "Of all" in goals_in_digest_of(one)


def test_a_goal_of_a_team_has_no_figure_in_the_digest_before_the_first_snapshot():
    team = people.team("Growth")
    make.goal("Fewer risks", team=team, measure=Measure.LIVE_RISKS, start=4, target=1)

    assert "Growth: No figure yet" in goals_in_digest_of(people.user(teams=[team]))
