"""Routing by due date: nothing goes onto a meeting after its due date without saying so."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kit.actor import SYSTEM
from meetings.models import AgendaItem, Meeting
from meetings.operations import agenda, carry, placement, subject_items
from meetings.operations import meeting as meetings
from meetings.queries.facts import facts_of
from meetings.routing import CandidateSeries, PlannedMeeting, route
from risklog.models import Review
from tests.factories import meetings as make
from tests.factories import risklog_review as risklog
from tests.factories import risks
from tests.moments import AT

pytestmark = pytest.mark.django_db
LATE = "after its due date, 11 Dec: no earlier meeting fits"


@pytest.fixture
def series():
    """Wednesdays: data quality on 25 November, model performance on 2 December, deployment on 9 December."""
    return make.series(make.crew()[0])


def on(series, day: date) -> Meeting:
    return Meeting.objects.select_related("series", "subject", "focus").get(
        series=series, starts_at__date=day
    )


def drift_risk(series, **fields):
    """A risk of the focus model performance, which meets on 2 and 23 December."""
    return risks.risk(team=series.teams.get(), review_on=date(2026, 12, 11), **fields)


def placed(risk) -> AgendaItem | None:
    return AgendaItem.objects.filter(about=risk.subject).select_related("meeting__subject").first()


def test_a_risk_due_on_11_december_is_on_the_agenda_before_that_day(series, at):
    risk = drift_risk(series)
    agenda.build(on(series, date(2026, 12, 2)), at=at)

    assert placed(risk).meeting == on(series, date(2026, 12, 2))
    assert placed(risk).why == "Due for review on 11 Dec 2026"


def test_a_risk_that_comes_after_its_focus_is_on_the_last_meeting_before_its_due_date(series, at):
    first, second = date(2026, 12, 2), date(2026, 12, 9)
    agenda.build(on(series, first), at=at)
    risk = drift_risk(series)
    agenda.build(on(series, second), at=at + timedelta(days=14))

    assert placed(risk).meeting == on(series, second)
    assert "after its due date" not in placed(risk).why


def test_a_risk_for_which_no_meeting_is_early_enough_is_on_the_very_next_one_and_says_so(series):
    risk = drift_risk(series)
    agenda.build(on(series, date(2026, 12, 16)), at=datetime(2026, 12, 10, 9, tzinfo=UTC))

    assert placed(risk).meeting == on(series, date(2026, 12, 16))
    assert placed(risk).why == f"Due for review on 11 Dec 2026; {LATE}"


def test_a_risk_that_a_person_places_goes_to_the_last_meeting_before_its_due_date(series):
    """By its focus it would wait until 23 December."""
    risk, when = drift_risk(series), datetime(2026, 12, 3, 9, tzinfo=UTC)
    facts = facts_of(risk.subject)
    item = placement.place(
        about=risk.subject,
        kind=facts.kind,
        team_id=facts.team_id,
        title=risk.title,
        due_at=facts.due_at,
        by=SYSTEM,
        at=when,
    )

    assert item.meeting_id == on(series, date(2026, 12, 9)).pk
    assert item.why == "due before its focus is next, so it goes to the next meeting"


def test_an_answer_due_on_1_december_is_deferred_with_a_warning(series, at):
    first, second = on(series, date(2026, 11, 25)), on(series, date(2026, 12, 2))
    review = risklog.review(of_model=risklog.model(owner_team=series.teams.get()), kind="data_quality")
    Review.objects.filter(pk=review.pk).update(due_at=datetime(2026, 12, 1, 16, tzinfo=UTC))
    review.refresh_from_db()
    item = subject_items.place_review(
        Review.objects.select_related("about", "model", "subject").get(pk=review.pk), at=at
    )
    assert item.meeting_id == first.pk
    assert "due date" not in item.why

    later = carry.carry(item, by=SYSTEM, at=at, outcome="deferred")

    assert later.meeting_id == second.pk
    assert later.why == (
        f"Carried over from {first.reference}; after its due date, 1 Dec: no earlier meeting fits"
    )


def test_a_meeting_that_is_moved_beyond_a_due_date_says_so_on_its_items(series, at):
    risk, meeting = drift_risk(series), on(series, date(2026, 12, 9))
    agenda.build(meeting, at=at)
    assert placed(risk).meeting == meeting
    meetings.move(meeting, starts_at=meeting.starts_at + timedelta(days=3), by=SYSTEM, at=at)

    assert placed(risk).why == f"Due for review on 11 Dec 2026; {LATE}"


def test_an_accepted_risk_is_due_when_its_acceptance_ends(series):
    risk = risks.risk(team=series.teams.get(), state="accepted", review_on=date(2026, 12, 11))

    assert facts_of(risk.subject).due_at.date() == risks.ACCEPTED_UNTIL


# ------------------------------------------------------------------ the rule itself


def a_series(pk: int, *days: int, teams=(1,)) -> CandidateSeries:
    """Return a series with meetings on these days from AT."""
    planned = tuple(
        PlannedMeeting(pk * 10 + n, AT + timedelta(days=day), "drift", frozenset({"drift"}))
        for n, day in enumerate(days)
    )
    return CandidateSeries(pk, frozenset(teams), 5, frozenset({"drift"}), planned)


def test_a_wider_series_is_taken_if_only_that_meets_in_time():
    narrow, wide = a_series(1, 10, 17), a_series(2, 3, 20, teams=(1, 2))

    soon = route([narrow, wide], team=1, kind="drift", due_at=AT + timedelta(days=5))
    later = route([narrow, wide], team=1, kind="drift", due_at=AT + timedelta(days=12))
    never = route([narrow, wide], team=1, kind="drift", due_at=AT + timedelta(days=1))

    assert (soon.series, soon.is_late) == (2, False)
    assert (later.series, later.is_late) == (1, False)
    assert (never.series, never.meeting.id, never.is_late) == (1, 10, True)


def test_an_urgent_subject_goes_to_the_next_meeting_and_says_that_it_is_late():
    found = route([a_series(1, 3)], team=1, kind="drift", urgent_reason="critical", due_at=AT)

    assert found.is_late
    assert found.why == "critical, so it goes to the next meeting"
