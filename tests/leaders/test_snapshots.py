"""Nightly snapshots: what they count, for whom, and that history gives the same for past days."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from actions.operations import action as actions
from kit.actor import SYSTEM
from leaders import tallies
from leaders.models import NightlyFigures, NightlySnapshot
from leaders.operations import snapshot
from leaders.states import Gap, Measure
from people.operations import organisation
from people.states import Role
from risklog.operations import review as reviews
from risklog.operations import risk as risk_operations
from risklog.states import RiskState
from tests.factories import actions as make_actions
from tests.factories import catalogue, people, risklog_review, risks, signals
from tests.factories import leaders as make
from tests.factories import meetings as make_meetings
from tests.moments import AT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def northwind(db):
    return organisation.found(name="Northwind", time_zone="Europe/Berlin", by=SYSTEM, at=AT)


def figures(reader, team=None, on=None):
    """Return the sum of the figures that the reader may see."""
    rows = NightlyFigures.objects.visible_to(reader).filter(team=team)
    rows = rows.filter(snapshot__on=on) if on else rows
    return tallies.added_up(rows.values_list("figures", flat=True))


def test_live_risks_count_by_level_tier_category_and_team():
    team, reader = people.team("Growth"), people.user()
    tiered = catalogue.model("pd", tier=1, owner_team=team)
    risks.risk(model=tiered, team=team, likelihood=5, impact=5)
    risks.risk(team=team, state=RiskState.ACCEPTED, likelihood=1, impact=2)
    risks.risk(category=risks.category("label-noise"), likelihood=2, impact=2)
    risks.risk(team=team, state=RiskState.CLOSED)

    assert snapshot.take(AT)

    whole, own = figures(reader), figures(reader, team)
    assert (sum(whole["levels"][:5]), whole["levels"][5]) == (3, 31)
    assert (sum(own["levels"][:5]), own["levels"][5]) == (2, 27)
    assert whole["tiers"]["1"][5] == 25
    assert whole["tiers"]["0"][5] == 6
    assert whole["categories"][str(risks.category("label-noise").pk)][5] == 4
    assert (whole["accepted"], whole["opened"], whole["closed"]) == (1, 4, 1)
    assert [entry[1] for entry in own["top"]] == [25, 2]


def test_a_restricted_risk_counts_for_those_who_may_see_it_and_for_nobody_else():
    team = people.team("Growth")
    mate, outsider = people.user(teams=[team]), people.user()
    granted = people.user()
    risks.risk(likelihood=1, impact=1)
    secret = risks.restricted("Secret", team, team=team, owner=granted, likelihood=5, impact=5)
    make_actions.action(about=secret.subject, owner=mate, due_on=AT.date() - timedelta(days=1))

    snapshot.take(AT)

    for reader in (mate, granted):
        seen = figures(reader)
        assert (seen["levels"][5], seen["opened"]) == (26, 2)
        assert seen["top"][0][0] == secret.pk
    assert figures(mate)["late_actions"] == 1
    hidden = figures(outsider)
    assert (hidden["levels"][5], hidden["opened"], hidden.get("late_actions", 0)) == (1, 1, 0)
    assert secret.pk not in [entry[0] for entry in hidden["top"]]
    assert figures(outsider, team) == {}


def test_a_snapshot_is_taken_once_a_day_in_the_zone_of_the_organisation():
    assert snapshot.take_due(AT).done == 1
    assert snapshot.take_due(AT + timedelta(hours=2)).done == 0
    assert snapshot.take(AT + timedelta(hours=3)) is False
    before_midnight = AT.replace(hour=22, minute=59)  # 23:59 in Berlin
    assert snapshot.take_due(before_midnight).done == 0
    assert snapshot.take_due(before_midnight + timedelta(minutes=2)).done == 1

    days = NightlySnapshot.objects.order_by("on").values_list("on", flat=True)
    assert list(days) == [AT.date(), AT.date() + timedelta(days=1)]


def test_a_register_that_is_not_set_up_has_no_snapshot(northwind):
    from people.models import Organisation

    Organisation.objects.all().delete()
    assert snapshot.take_due(AT).done == 0
    assert not NightlySnapshot.objects.exists()


def test_how_long_things_take_counts_what_everyone_may_see():
    team, reader = people.team("Growth"), people.user()
    found = []
    for hours, viewers in ((10, None), (30, None), (500, [team.subject_id])):
        model = catalogue.model(f"m{hours}", owner_team=team, viewers=viewers)
        group = signals.breach_group(model)
        one = risklog_review.review(about=group.subject, of_model=model)
        reviews.settle(
            one,
            outcome="confirmed",
            reason="It is real.",
            by=SYSTEM,
            at=group.opened_at + timedelta(hours=hours),
        )
        found.append(one)
    decided = make_meetings.decision(about=found[0].about, meeting=None)
    done = make_actions.action(origin=decided.subject, owner=people.user(teams=[team]))
    actions.finish(done, by=SYSTEM, at=decided.decided_at + timedelta(days=2))

    at = AT + timedelta(days=30)
    snapshot.take(at)

    whole = figures(reader)
    assert tallies.median(whole, "review") == (2, 20.0)
    assert tallies.median(figures(reader, team), "review") == (2, 20.0)
    assert tallies.median(whole, "decision")[0] == 1
    assert tallies.median(whole, "done") == (1, 48.0)


def test_the_rhythm_counts_meetings_attendance_and_who_facilitated():
    team, crew = make_meetings.crew("data-science", "engineering")
    series = make_meetings.series(team, functions=("data-science", "engineering"))
    held = make_meetings.closed(series)
    from meetings.operations import attendance

    live = make_meetings.live(series, 1)
    attendance.attend(live, present=crew[:1], by=SYSTEM, at=live.starts_at)
    at = make_meetings.planned(series, 2).ends_at

    snapshot.take(at)

    whole = figures(people.user())
    assert (whole["planned"], whole["held"]) == (3, 2)
    assert (whole["present"], whole["expected"]) == (1, 4)
    assert sum(whole["facilitated"].values()) == 2
    assert str(held.facilitator.function_id) in whole["facilitated"]
    assert figures(people.user(), team)["held"] == 2


def test_history_gives_the_same_figures_that_were_counted_on_the_day(move_clock):
    """Let risks change for some days with a snapshot each, forget the snapshots, and derive them."""
    team, other, reader = people.team("Growth"), people.team("Fraud"), people.user(role=Role.RISK_MANAGER)
    days = [AT + timedelta(days=n) for n in range(8)]
    first = risks.risk("First", team=team, likelihood=2, impact=2)
    second = risks.restricted("Second", team, team=team, likelihood=5, impact=4)
    steps = [
        lambda at: risk_operations.change(first, {"likelihood": 5}, by=SYSTEM, at=at),
        lambda at: risk_operations.change(second, {"team": other}, by=SYSTEM, at=at),
        lambda at: risks.risk("Third", team=other, likelihood=3, impact=5, at=at),
        lambda at: risk_operations.close(second, evidence="Four weeks below the threshold", by=SYSTEM, at=at),
        lambda at: risk_operations.change(
            first, {"residual_likelihood": 1, "residual_impact": 1}, by=SYSTEM, at=at
        ),
        lambda at: risk_operations.reopen(second, reason="Again", by=SYSTEM, at=at),
        lambda at: make_actions.action(owner=people.user(teams=[team]), due_on=at.date(), at=at),
    ]
    taken = {}
    for day, step in zip(days[1:], steps, strict=True):
        midnight = day.replace(hour=23) - timedelta(days=1)  # 0:00 in Berlin
        move_clock(midnight)
        assert snapshot.take(midnight)
        taken[day.date()] = _stored(day.date())
        move_clock(day)
        step(day)
    NightlySnapshot.objects.all().delete()

    move_clock(days[-1] + timedelta(days=1))
    derived = snapshot.take_past(days[1].date(), at=days[-1] + timedelta(days=1))

    assert sorted(derived) == sorted(taken)
    for day, rows in taken.items():
        assert _stored(day) == rows, day
    one = NightlySnapshot.objects.get(on=days[1].date())
    assert (one.is_derived, one.gaps) == (True, Gap.values)
    assert figures(reader, on=days[1].date()) != figures(reader, on=days[-1].date())
    assert snapshot.take_past(days[1].date(), at=days[-1] + timedelta(days=1)) == []


def _stored(day: date):
    """Return the figures of a day by team and scope, without what is zero or unknown of a past day."""
    found = {}
    for row in NightlyFigures.objects.filter(snapshot__on=day):
        if told := _without_zeros(_told(row)):
            found[row.team_id, str(row.viewers), str(row.granted)] = told
    return found


def _told(row):
    """Leave out what is not exact for a past day: a risk was opened and closed in the team of now."""
    untold = () if row.team_id is None else ("opened", "closed")
    return {key: value for key, value in row.figures.items() if key not in untold}


def _without_zeros(given):
    if not isinstance(given, dict):
        return given
    cleaned = {key: _without_zeros(value) for key, value in given.items()}
    return {key: value for key, value in cleaned.items() if value and value != [0] * 6}


def test_a_goal_without_a_start_begins_with_the_figure_of_its_first_snapshot():
    goal = make.goal(measure=Measure.LIVE_RISKS, target=0)
    risks.risk()
    snapshot.take(AT)
    goal.refresh_from_db()
    assert goal.start == 1

    risks.risk()
    snapshot.take(AT + timedelta(days=1))
    goal.refresh_from_db()
    assert goal.start == 1


def test_the_command_takes_and_derives(move_clock):
    risks.risk()
    move_clock(AT + timedelta(days=3))
    out = StringIO()
    call_command("take_snapshots", "--from", AT.date().isoformat(), stdout=out)
    assert "Derived 3 days from 2026-11-23 to 2026-11-25." in out.getvalue()
    assert "tiers of models" in out.getvalue()
    assert NightlySnapshot.objects.count() == 4

    for wrong in ("soon", "2026-11-26", "1999-01-01"):
        with pytest.raises(CommandError, match="--from"):
            call_command("take_snapshots", "--from", wrong)


@pytest.mark.parametrize("number", [1, 3])
def test_a_snapshot_takes_the_same_queries_for_any_number(number, django_assert_max_num_queries):
    for n in range(number):
        team = people.team(f"Team {n}")
        risks.restricted(f"Secret {n}", team, team=team)
        make_actions.action(owner=people.user(teams=[team]), due_on=AT.date() - timedelta(days=2))

    with django_assert_max_num_queries(76):
        snapshot.take(AT)
