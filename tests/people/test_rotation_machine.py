"""The rotation compared with a simple model: queues of people and a cycle of functions, week by week."""

from collections import deque
from datetime import date, timedelta

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from people.rotation import Person, Roster, Slot, Turn, assign

START, LONG_AGO = date(2026, 1, 5), date(2020, 1, 1)


class WeekByWeek(RuleBasedStateMachine):
    """Each rule is a week: held, facilitated by somebody else, or cancelled.

    People join and leave in between.
    """

    @initialize(sizes=st.lists(st.integers(1, 3), min_size=1, max_size=4), focuses=st.integers(1, 4))
    def begin(self, sizes, focuses):
        self.week, self.cycle, self.turns, self.away = START, list(range(focuses)), [], {}
        self.order = list(range(1, len(sizes) + 1))
        self.people = [
            Person(function * 100 + n, f"P{n}", function, LONG_AGO)
            for function, size in zip(self.order, sizes, strict=True)
            for n in range(size)
        ]
        self.queue = {f: deque(p.id for p in self.people if p.function == f) for f in self.order}
        self.led_focus = {focus: [] for focus in self.cycle}
        self.last_function = None

    # ---- the simple model

    def is_there(self, person: int) -> bool:
        return not any(first <= self.week <= last for first, last in self.away.get(person, ()))

    def whose_turn(self) -> tuple[int, int | None]:
        """Return focus and facilitator of the simple model."""
        focus = self.cycle[len(self.turns) % len(self.cycle)]
        start = self.order.index(self.last_function) + 1 if self.last_function else 0
        ring = [f for f in self.order[start:] + self.order[:start] if any(map(self.is_there, self.queue[f]))]
        if not ring:
            return focus, None
        led = self.led_focus[focus]
        lately = set(led[-(len(self.order) - 1) :]) if len(self.order) > 1 else set()
        fresh = [f for f in ring if f not in lately]
        oldest = sorted(ring, key=lambda f: max((n for n, one in enumerate(led) if one == f), default=-1))
        function = (fresh or oldest)[0]
        return focus, next(filter(self.is_there, self.queue[function]))

    # ---- what is tested

    def planned(self, weeks: int = 1, pinned: int | None = None):
        roster = Roster(self.order, self.people, self.cycle, {}, self.away)
        slots = [Slot(self.week + timedelta(weeks=n), pinned if n == 0 else None) for n in range(weeks)]
        return assign(roster, self.turns, slots, first_focus=len(self.turns) % len(self.cycle))

    def held(self, leader: int, focus: int) -> None:
        function = leader // 100
        self.turns.append(Turn(self.week, leader, function, focus))
        self.led_focus[focus].append(function)
        self.last_function = function
        self.queue[function].remove(leader)
        self.queue[function].append(leader)

    @rule()
    def a_meeting_is_held(self):
        focus, leader = self.whose_turn()
        (found,) = self.planned()
        assert (found.focus, found.person) == (focus, leader)
        if leader is not None:
            self.held(leader, focus)
        self.week += timedelta(weeks=1)

    @rule(data=st.data())
    def somebody_takes_the_turn(self, data):
        there = [person.id for person in self.people if self.is_there(person.id)]
        if there:
            swapper = data.draw(st.sampled_from(there))
            focus, _ = self.whose_turn()
            (found,) = self.planned(pinned=swapper)
            assert (found.focus, found.person) == (focus, swapper)
            self.held(swapper, focus)
        self.week += timedelta(weeks=1)

    @rule()
    def a_meeting_is_cancelled(self):
        before = self.whose_turn()[0]
        self.week += timedelta(weeks=1)
        assert self.planned()[0].focus == before

    @rule(data=st.data(), weeks=st.integers(0, 5))
    def somebody_goes_away(self, data, weeks):
        person = data.draw(st.sampled_from(self.people)).id
        self.away.setdefault(person, []).append((self.week, self.week + timedelta(weeks=weeks)))

    @precondition(lambda self: len(self.people) < 12)
    @rule(data=st.data())
    def somebody_joins(self, data):
        function = data.draw(st.sampled_from(self.order))
        newcomer = Person(function * 100 + len(self.people) + 10, "New", function, self.week)
        self.people.append(newcomer)
        self.queue[function].append(newcomer.id)

    @rule()
    def twelve_weeks_ahead_are_what_would_come(self):
        """The plan of twelve weeks equals the result of holding the meetings one by one."""
        planned = self.planned(weeks=12)
        week, turns = self.week, list(self.turns)
        for one in planned:
            (found,) = self.planned()
            assert (found.focus, found.person) == (one.focus, one.person)
            self.turns.append(Turn(self.week, one.person, one.function, one.focus))
            self.week += timedelta(weeks=1)
        self.week, self.turns = week, turns


TestWeekByWeek = WeekByWeek.TestCase
TestWeekByWeek.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
