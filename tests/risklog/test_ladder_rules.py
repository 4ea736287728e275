"""The rules of a ladder compared with a simple model, over many climbs, weeks and time zones."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from people import turns, working
from people.working import Hours
from risklog import ladder
from risklog.ladder import Climbs, RungRule, Stays, Waits
from tests.conftest import AT

WEEK = (frozenset(range(5)), time(9), time(17))
BERLIN, OFFICE = Hours(ZoneInfo("Europe/Berlin"), *WEEK), Hours(ZoneInfo("UTC"), *WEEK)
MOMENTS = st.datetimes(
    datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)
).map(lambda moment: moment.replace(second=0, microsecond=0))  # fmt: skip
STEPS = st.lists(st.tuples(st.integers(1, 3000), st.booleans()), min_size=1, max_size=5).map(
    lambda found: [RungRule(n, minutes, always) for n, (minutes, always) in enumerate(found, start=1)]
)


def berlin(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN.zone)


def places(*positions: int) -> set[tuple[int, int]]:
    """Return the places of rungs with one branch each."""
    return {(position, 1) for position in positions}


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        (berlin(23, 10), 240, berlin(23, 14)),
        (berlin(23, 15), 240, berlin(24, 11)),
        (berlin(27, 16), 120, berlin(30, 10)),  # over a weekend
        (berlin(28, 3), 60, berlin(30, 10)),  # begun on a Saturday night
        (berlin(23, 9), 480, berlin(23, 17)),  # a whole day ends with it
    ],
)
def test_working_time_skips_nights_and_weekends(start, minutes, end):
    assert working.after(start, minutes, BERLIN) == end


def test_working_time_is_right_when_the_clock_changes():
    friday, monday = berlin(27, 16, month=3), berlin(30, 10, month=3)

    assert working.after(friday, 120, BERLIN) == monday
    assert monday.astimezone(UTC) - friday.astimezone(UTC) == timedelta(hours=65)


def test_days_after_keep_the_time_of_day_over_the_change_of_clocks():
    assert ladder.days_after(berlin(27, 16, month=3), 1, BERLIN) == berlin(30, 16, month=3)


@given(MOMENTS, st.integers(1, 5000))
@settings(max_examples=200)
def test_working_time_equals_counting_minute_by_hour(moment, minutes):
    moment = moment.replace(minute=0)
    minutes = minutes // 60 * 60 + 60
    here, left = moment, minutes
    while left:
        local = here.astimezone(BERLIN.zone)
        if local.weekday() < 5 and 9 <= local.hour < 17:
            left -= 60
        here += timedelta(hours=1)

    assert working.after(moment, minutes, BERLIN) == here


def test_without_hours_every_day_counts():
    assert ladder.days_after(AT, 6, None) == AT + timedelta(days=6)
    assert ladder.opening(AT.replace(hour=3), None) == AT.replace(hour=3)


def test_the_next_limit_counts_from_now_and_not_from_the_old_one():
    rungs = [RungRule(1, 60), RungRule(2, 60), RungRule(3, 60)]
    late = AT + timedelta(hours=3)

    found = ladder.next_step(rungs, 1, late, OFFICE, places(1, 2, 3))

    assert found == Climbs(2, (), late + timedelta(hours=1))


def test_empty_rungs_are_skipped_at_once_and_named():
    rungs = [RungRule(n, 60) for n in (1, 2, 3, 4)]

    assert ladder.next_step(rungs, 1, AT, OFFICE, places(1, 4)) == Climbs(4, (2, 3), None)
    assert ladder.next_step(rungs, 1, AT, OFFICE, places(1)) == Stays((2, 3, 4))


def test_outside_hours_it_waits_unless_round_the_clock():
    night = AT.replace(hour=22)
    morning = (AT + timedelta(days=1)).replace(hour=9)

    assert ladder.next_step([RungRule(1, 60), RungRule(2, 60)], 1, night, OFFICE, places(2)) == Waits(morning)
    assert ladder.next_step([RungRule(1, 60), RungRule(2, 60, True)], 1, night, OFFICE, places(2)) == Climbs(
        2, (), None
    )


def test_a_limit_that_ends_with_the_day_comes_the_next_morning():
    evening = AT.replace(hour=16)

    assert ladder.limit([RungRule(1, 60), RungRule(2, 60)], 1, evening, OFFICE) == AT.replace(day=24, hour=9)


NIGHT, MORNING = AT.replace(hour=22), (AT + timedelta(days=1)).replace(hour=9)
BY_HOURS = [
    RungRule(1, 60),
    RungRule(2, 60, branch=1, when="working"),
    RungRule(2, 30, True, branch=2, when="outside"),
    RungRule(3, 60, True),
]
ALL = {rung.place for rung in BY_HOURS}


@pytest.mark.parametrize(
    ("now", "staffed", "expected"),
    [
        (AT, ALL, Climbs(2, (), AT + timedelta(hours=1), 1)),
        (NIGHT, ALL, Climbs(2, (), NIGHT + timedelta(minutes=30), 2)),
        (NIGHT, ALL - {(2, 2)}, Waits(MORNING)),  # its branch for the day is not dropped
        (AT, ALL - {(2, 1)}, Climbs(3, (2,), None)),  # the branch for the night does not apply
    ],
)
def test_a_rung_branches_by_working_hours(now, staffed, expected):
    assert ladder.next_step(BY_HOURS, 1, now, OFFICE, staffed) == expected


def test_a_limit_is_over_at_night_if_a_branch_above_is_for_the_night():
    evening = AT.replace(hour=16, minute=30)

    assert ladder.limit([RungRule(1, 60, True), *BY_HOURS[1:]], 1, evening, OFFICE) == AT.replace(
        hour=17, minute=30
    )
    assert ladder.limit([RungRule(1, 60, True), *BY_HOURS[1:2]], 1, evening, OFFICE) == MORNING


def test_a_person_who_escalates_at_night_reaches_the_branch_for_the_night_then_any():
    rungs = [RungRule(1, 60, branch=1, when="working"), RungRule(1, 30, branch=2, when="outside")]

    assert ladder.next_step(rungs, 0, NIGHT, OFFICE, {(1, 1), (1, 2)}, at_once=True).branch == 2
    assert ladder.next_step(rungs, 0, NIGHT, OFFICE, {(1, 1)}, at_once=True).branch == 1


def test_a_rung_branches_by_severity():
    rungs = [
        RungRule(1, 60, branch=1, severity="critical"),
        RungRule(1, 90, branch=2),
        RungRule(2, 60, severity="critical"),
    ]
    staffed = {rung.place for rung in rungs}

    def step(position: int, severity: str):
        return ladder.next_step(rungs, position, AT, OFFICE, staffed, severity=severity)

    assert step(0, "critical") == Climbs(1, (), AT + timedelta(minutes=60), 1)
    assert step(0, "warning") == Climbs(1, (), None, 2)  # the second rung is not for warnings
    assert step(1, "warning") == Stays((2,))
    assert [ladder.top(rungs, severity) for severity in ("critical", "warning")] == [2, 1]


@given(st.lists(st.integers(1, 5), unique=True, min_size=1), st.integers(2, 60))
@settings(max_examples=100)
def test_people_in_turn_differ_by_at_most_one_call(people, calls):
    called, counts = {}, Counter(dict.fromkeys(people, 0))
    for number in range(calls):
        chosen = turns.longest_ago(people, called)
        called[chosen] = number
        counts[chosen] += 1

    assert max(counts.values()) - min(counts.values()) <= 1


def test_who_was_away_is_called_once_and_then_in_turn():
    called = {1: 10, 2: 11, 3: 4}  # 3 was away for some time

    assert turns.longest_ago([1, 2, 3], called) == 3
    assert turns.longest_ago([1, 2, 3], called | {3: 12}) == 1
    assert turns.longest_ago([1, 2, 4], called) == 4  # a newcomer


@dataclass
class Ladder:
    id: int
    severity: str = ""
    category_id: int | None = None
    team_id: int | None = None


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([Ladder(1), Ladder(2, severity="critical")], 2),
        ([Ladder(1), Ladder(2, severity="warning")], 1),
        ([Ladder(1, team_id=7), Ladder(2, severity="critical", team_id=7)], 2),
        ([Ladder(1, category_id=3), Ladder(2, team_id=7)], 1),
        (
            [Ladder(1, team_id=8), Ladder(2, severity="warning")],
            1,
        ),  # none applies: the least specific, oldest
        ([], None),
    ],
)
def test_the_most_specific_ladder_is_taken_then_the_oldest(offered, chosen):
    found = ladder.most_specific(offered, severity="critical", category_id=3, team_id=7)

    assert (found.id if found else None) == chosen


class Climbing(RuleBasedStateMachine):
    """A climb with ticks at any time and rungs whose people change, compared with a simple model."""

    @initialize(rungs=STEPS, start=MOMENTS, staffed=st.sets(st.integers(1, 5)))
    def begin(self, rungs, start, staffed):
        self.rungs, self.now, self.staffed = rungs, start, staffed
        self.position, self.next_at, self.reached = 0, start, []
        self._take(at_once=True)

    def _take(self, *, at_once=False):
        before = self.position
        step = ladder.next_step(self.rungs, before, self.now, BERLIN, places(*self.staffed), at_once=at_once)
        self._agrees(step, before, at_once)
        if isinstance(step, Climbs):
            self.position, self.next_at = step.position, step.next_at
            self.reached.append(step.position)
        else:
            self.next_at = step.until if isinstance(step, Waits) else None

    def _agrees(self, step, before, at_once):
        """The simple model: go up the rungs one by one."""
        above = [rung for rung in self.rungs if rung.position > before]
        manned = [rung for rung in above if rung.position in self.staffed]
        if not manned:
            assert step == Stays(tuple(rung.position for rung in above))
            return
        target = manned[0]
        local = self.now.astimezone(BERLIN.zone)
        is_open = local.weekday() < 5 and 9 <= local.hour < 17
        if not (at_once or target.is_round_the_clock or is_open):
            assert isinstance(step, Waits)
            return
        assert isinstance(step, Climbs)
        assert step.position == target.position
        assert step.skipped == tuple(r.position for r in above if r.position < target.position)
        assert (step.next_at is None) == (target == self.rungs[-1])

    @rule(minutes=st.integers(0, 6000))
    def tick(self, minutes):
        self.now += timedelta(minutes=minutes)
        if self.next_at is not None and self.next_at <= self.now:
            before = len(self.reached)
            self._take()
            assert len(self.reached) - before <= 1
            assert self.next_at is None or self.next_at > self.now

    @precondition(lambda self: self.next_at is not None)
    @rule()
    def tick_just_in_time(self):
        self.now = max(self.now, self.next_at)
        self.tick(0)

    @rule(staffed=st.sets(st.integers(1, 5)))
    def people_come_and_go(self, staffed):
        self.staffed = staffed

    @invariant()
    def each_rung_is_reached_once_and_in_order(self):
        assert self.reached == sorted(set(self.reached))

    @invariant()
    def a_climb_below_the_top_is_never_dropped(self):
        below_top = any(rung.position > self.position for rung in self.rungs)
        if self.next_at is None and below_top:
            assert not any(isinstance(n, int) and n > self.rungs[-1].position for n in self.reached)


TestClimbing = Climbing.TestCase
TestClimbing.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
