"""A stored moment that depends on a setting is computed again when the setting changes."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from history import relay
from history.models import Due
from incidents.models import Postmortem
from incidents.operations import postmortem
from kit.actor import SYSTEM
from leaders.operations import goal
from notices.models import Digest
from notices.operations import digest
from people.operations import organisation as organisations
from people.operations import person as persons
from people.states import Role
from risklog.operations import acceptance
from risklog.operations import escalation as escalations
from risklog.operations import risk as risk_operations
from risklog.states import Who
from tests.factories import actions, incidents, leaders, people, risks
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def organisation():
    return people.organisation(time_zone="UTC")


def change(organisation, at, **values):
    organisations.change(organisation, values, by=SYSTEM, at=at)
    settle(at)


def settle(at):
    for _ in range(5):
        relay.relay(at=at)


def moments(obj, *kinds) -> dict[str, datetime]:
    rows = Due.objects.filter(subject_id=obj.subject_id, kind__in=kinds, state="pending")
    return {row.occurrence.split("/")[0] if "/" in row.occurrence else row.kind: row.at for row in rows}


def test_an_action_is_overdue_by_the_zone_its_owner_has_now(at, organisation):
    owner = people.user("Ana", time_zone="Asia/Tokyo")
    made = actions.action(owner=owner, due_on=date(2026, 12, 8))

    persons.change(owner, {"time_zone": "America/Los_Angeles"}, by=SYSTEM, at=at)
    settle(at)

    assert moments(made, "actions.reminder", "actions.overdue") == {
        "before": datetime(2026, 12, 7, 17, tzinfo=UTC),
        "after": datetime(2026, 12, 9, 17, tzinfo=UTC),
        "overdue": datetime(2026, 12, 10, 1, tzinfo=UTC),
    }


def test_a_reminder_that_has_acted_is_not_repeated(at, organisation):
    owner = people.user("Ana", time_zone="Asia/Tokyo")
    made = actions.action(owner=owner, due_on=date(2026, 12, 8))
    Due.objects.filter(subject=made.subject, occurrence__startswith="before").update(state="done")

    persons.change(
        owner, {"time_zone": "America/Los_Angeles"}, by=SYSTEM, at=datetime(2026, 12, 7, tzinfo=UTC)
    )
    settle(datetime(2026, 12, 7, tzinfo=UTC))

    assert set(moments(made, "actions.reminder", "actions.overdue")) == {"after", "overdue"}


def test_what_is_overdue_by_the_new_zone_is_given_a_working_day(at, organisation):
    owner = people.user("Ana", time_zone="America/Los_Angeles")
    made = actions.action(owner=owner, due_on=date(2026, 12, 8))
    now = datetime(2026, 12, 9, 20, tzinfo=UTC)  # 10 December in Tokyo, after the end of its 9 December

    persons.change(owner, {"time_zone": "Asia/Tokyo"}, by=SYSTEM, at=now)
    settle(now)

    assert moments(made, "actions.overdue") == {"overdue": datetime(2026, 12, 11, 8, tzinfo=UTC)}


def test_an_action_skips_the_holidays_of_its_owner(at, organisation):
    owner = people.user("Ana")
    made = actions.action(owner=owner, due_on=date(2026, 12, 24))

    persons.change(owner, {"country": "DE"}, by=SYSTEM, at=at)
    settle(at)

    assert moments(made, "actions.overdue") == {"overdue": datetime(2026, 12, 28, 17, tzinfo=UTC)}


def test_an_action_skips_an_own_day_until_it_is_removed(at, organisation):
    made = actions.action(owner=people.user("Ana"), due_on=date(2026, 12, 8))

    organisations.add_day_off(date=date(2026, 12, 9), name="Offsite", by=SYSTEM, at=at)
    settle(at)
    assert moments(made, "actions.overdue") == {"overdue": datetime(2026, 12, 10, 17, tzinfo=UTC)}

    organisations.remove_day_off(date=date(2026, 12, 9), by=SYSTEM, at=at)
    settle(at)
    assert moments(made, "actions.overdue") == {"overdue": datetime(2026, 12, 9, 17, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("values", "overdue"),
    [
        ({"time_zone": "Asia/Tokyo"}, datetime(2026, 12, 9, 8, tzinfo=UTC)),
        ({"day_ends_at": time(15)}, datetime(2026, 12, 9, 15, tzinfo=UTC)),
        ({"working_days": [0, 1, 3, 4]}, datetime(2026, 12, 10, 17, tzinfo=UTC)),
        ({"country": "AT"}, datetime(2026, 12, 9, 17, tzinfo=UTC)),  # 8 December is a holiday, the 9th is not
    ],
)
def test_an_action_follows_the_organisation(at, organisation, values, overdue):
    made = actions.action(owner=people.user("Ana"), due_on=date(2026, 12, 8))

    change(organisation, at, **values)

    assert moments(made, "actions.overdue") == {"overdue": overdue}


def test_a_digest_moved_to_monday_on_a_saturday_comes_on_monday(at, organisation):
    organisations.change(organisation, {"digest_weekday": 4, "digest_at": time(9)}, by=SYSTEM, at=at)
    ana = people.user("Ana")
    digest.schedule(at)
    due = Due.objects.get(kind=digest.DUE, subject=ana.subject)
    digest.make(due, at=due.at)
    Due.objects.filter(pk=due.pk).update(state="done")
    saturday = due.at + DAY
    digest.schedule(saturday)

    change(organisation, saturday, digest_weekday=0)

    monday = datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert Due.objects.get(kind=digest.DUE, subject=ana.subject, state="pending").at == monday


def test_a_digest_is_made_at_most_once_a_week(at, organisation):
    organisations.change(organisation, {"digest_weekday": 0, "digest_at": time(11)}, by=SYSTEM, at=at)
    ana = people.user("Ana")
    digest.schedule(at)
    due = Due.objects.get(kind=digest.DUE, subject=ana.subject)
    digest.make(due, at=due.at)
    Due.objects.filter(pk=due.pk).update(state="done")
    tuesday = due.at + DAY
    digest.schedule(tuesday)

    change(organisation, tuesday, digest_weekday=4)

    due = Due.objects.get(kind=digest.DUE, subject=ana.subject, state="pending")
    assert due.at == datetime(2026, 12, 4, 11, tzinfo=UTC)
    digest.make(due, at=due.at)
    assert Digest.objects.filter(user=ana).count() == 2


def test_a_digest_follows_the_zone_of_its_reader(at, organisation):
    ana = people.user("Ana", time_zone="Asia/Tokyo")
    digest.schedule(at)
    before = Due.objects.get(kind=digest.DUE, subject=ana.subject).at

    persons.change(ana, {"time_zone": "UTC"}, by=SYSTEM, at=at)
    settle(at)

    assert Due.objects.get(kind=digest.DUE, subject=ana.subject).at == before + timedelta(hours=9)


def test_a_climb_follows_the_hours(at, organisation):
    developer, lead = people.user("Dev"), people.user("Lena")
    make.ladder((Who.OWNER, 8 * 60, None), (Who.TEAM_LEAD, 480, None))
    model = make.model(owner_team=people.team(lead=lead), developer=developer)
    escalation = make.escalation(about=model.subject)
    assert escalation.next_climb_at == at + DAY

    change(organisation, at, day_starts_at=time(8), day_ends_at=time(20))

    escalation.refresh_from_db()
    assert escalation.next_climb_at == at + timedelta(hours=8)
    assert list(moments(escalation, "risklog.climb").values()) == [escalation.next_climb_at]


def test_an_acknowledgement_lapses_by_the_new_hours(at, organisation):
    developer = people.user("Dev")
    make.ladder((Who.OWNER, 8 * 60, None), (Who.TEAM_LEAD, 480, None))
    escalation = make.escalation(about=make.model(developer=developer).subject)
    escalation = escalations.acknowledge(escalation, by=make.actor(developer), at=at)

    change(organisation, at, day_starts_at=time(8), day_ends_at=time(20))

    escalation.refresh_from_db()
    assert escalation.next_climb_at == at + timedelta(hours=8)
    due = moments(escalation, "risklog.acknowledgement_lapses")
    assert list(due.values()) == [escalation.next_climb_at]


def test_a_review_is_due_by_the_new_days(at, organisation):
    make.reviewer("data-science"), make.reviewer("risk-management")
    review = make.review()
    assert review.due_at == at + 3 * DAY

    change(organisation, at, working_days=[0, 3, 4])

    review.refresh_from_db()
    assert review.due_at == at + 7 * DAY  # Thursday, Friday, Monday
    due = moments(review, "risklog.review_unanswered", "risklog.review_reminder")
    assert due["risklog.review_unanswered"] == review.due_at
    assert due["risklog.review_reminder"] == at + 4 * DAY  # 7 h on Monday, 8 on Thursday, 1 on Friday


def test_an_acceptance_ends_in_the_new_zone(at, organisation):
    risk = risk_operations.assess(risks.risk(owner=people.user("Ana")), by=SYSTEM, at=at)
    risks.accept(risk, until=at.date() + 30 * DAY, at=at)
    rows = Due.objects.filter(kind=acceptance.DUE, subject=risk.subject).order_by("at")
    before = list(rows.values_list("at", flat=True))

    change(organisation, at, time_zone="Asia/Tokyo")

    assert list(rows.values_list("at", flat=True)) == [one - timedelta(hours=9) for one in before]


def test_an_absence_begins_in_the_new_zone(at, organisation):
    people.user("Adam Admin", role=Role.ADMINISTRATOR)
    ana = people.user("Ana")
    persons.be_away(ana, from_on=date(2026, 12, 8), until_on=date(2026, 12, 9), by=SYSTEM, at=at)

    change(organisation, at, time_zone="Asia/Tokyo")

    due = Due.objects.get(kind="people.absence_begins")
    assert due.at == datetime(2026, 12, 7, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "reminder", "overdue"),
    [
        ({"time_zone": "Asia/Tokyo"}, datetime(2026, 12, 4, tzinfo=UTC), datetime(2026, 12, 8, tzinfo=UTC)),
        (
            {"working_days": [0, 2, 3]},
            datetime(2026, 12, 3, 9, tzinfo=UTC),
            datetime(2026, 12, 9, 9, tzinfo=UTC),
        ),
    ],
)
def test_a_post_incident_review_follows_the_organisation(at, organisation, values, reminder, overdue):
    declared = incidents.incident(state="resolved", severity="medium")
    review = Postmortem.objects.get(incident=declared)
    assert review.due_on == date(2026, 12, 7)

    change(organisation, at, **values)

    assert moments(review, postmortem.REMINDER, postmortem.OVERDUE) == {
        postmortem.REMINDER: reminder,
        postmortem.OVERDUE: overdue,
    }


def test_a_goal_follows_its_owner_and_the_organisation(at, organisation):
    ana = people.user("Ana", role=Role.RISK_MANAGER)
    own = leaders.goal(due_on=date(2026, 12, 8), owner=ana)
    nobodys = leaders.goal(due_on=date(2026, 12, 8))

    def planned() -> list[datetime]:
        return [moments(one, goal.DUE)[goal.DUE] for one in (own, nobodys)]

    assert planned() == [datetime(2026, 12, 8, 9, tzinfo=UTC)] * 2
    change(organisation, at, time_zone="Asia/Tokyo")
    assert planned() == [datetime(2026, 12, 8, tzinfo=UTC)] * 2
    persons.change(ana, {"time_zone": "America/Los_Angeles"}, by=SYSTEM, at=at)
    settle(at)
    assert planned() == [datetime(2026, 12, 8, 17, tzinfo=UTC), datetime(2026, 12, 8, tzinfo=UTC)]
