"""Properties of the rotation, for any history."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from people.rotation import OBSERVING, WRITING, Person, Roster, Slot, Turn, assign, spread

START = date(2026, 1, 5)
LONG_AGO = date(2020, 1, 1)


def week(number: int) -> date:
    return START + timedelta(weeks=number)


def a_rotation(sizes, focuses, away=None, since=None) -> Roster:
    """Return people. sizes: the number of people of each function."""
    people = [
        Person(id=function * 100 + n, name=f"P{function}{n}", function=function, since=LONG_AGO)
        for function, size in enumerate(sizes, start=1)
        for n in range(size)
    ]
    return Roster(
        functions=list(range(1, len(sizes) + 1)),
        people=people,
        cycle=list(range(focuses)),
        names={n: f"function {n}" for n in range(1, len(sizes) + 1)},
        away=away or {},
    )


sizes = st.lists(st.integers(1, 4), min_size=1, max_size=5)


@st.composite
def rotations(draw):
    """Return a rotation with any absences and any history of turns, including swaps."""
    shape, focuses = draw(sizes), draw(st.integers(1, 5))
    roster = a_rotation(shape, focuses)
    ids = [person.id for person in roster.people]
    past = [
        Turn(week(-20 + n), person, person // 100, draw(st.integers(0, focuses - 1)))
        for n, person in enumerate(draw(st.lists(st.sampled_from(ids), max_size=15)))
    ]
    return roster, past


@given(rotations(), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_in_any_stretch_in_which_all_are_there_people_of_a_function_differ_by_at_most_one(case, length):
    roster, past = case
    found = assign(roster, past, [Slot(week(n)) for n in range(length)])

    for begin in range(0, length, 3):
        for end in range(begin, length + 1, 2):
            turns = [Turn(week(n), a.person, a.function, a.focus) for n, a in enumerate(found)][begin:end]
            assert spread(turns, roster.people) <= 1


@given(rotations())
@settings(max_examples=150, deadline=None)
def test_over_any_full_cycle_every_function_meets_every_focus_once(case):
    roster, past = case
    cycle = len(roster.functions) * len(roster.cycle)
    found = assign(roster, past, [Slot(week(n)) for n in range(2 * cycle)])

    for begin in range(cycle + 1):
        pairs = Counter((a.function, a.focus) for a in found[begin : begin + cycle])
        assert len(pairs) == cycle
        assert set(pairs.values()) == {1}


@given(rotations(), st.data())
@settings(max_examples=150, deadline=None)
def test_nobody_leads_or_stands_in_while_away_and_somebody_leads_while_anybody_is_there(case, data):
    roster, past = case
    away = {
        person.id: [(week(first), week(first + data.draw(st.integers(0, 6))))]
        for person in roster.people
        if (first := data.draw(st.integers(-2, 12))) % 2
    }
    roster = Roster(roster.functions, roster.people, roster.cycle, roster.names, away)
    found = assign(roster, past, [Slot(week(n)) for n in range(12)])

    by_id = {person.id: person for person in roster.people}
    for number, one in enumerate(found):
        there = [person for person in roster.people if roster.is_available(person, week(number))]
        assert (one.person is None) == (not there)
        for chosen in (one.person, one.stand_in):
            assert chosen is None or roster.is_available(by_id[chosen], week(number))
        assert one.person is None or one.person != one.stand_in
        assert (one.stand_in is None) == (len(there) < 2)
        assert one.focus == number % len(roster.cycle)


@given(rotations(), st.data())
@settings(max_examples=100, deadline=None)
def test_planning_further_or_again_changes_nothing_before(case, data):
    roster, past = case
    held = data.draw(st.integers(0, 8))
    whole = assign(roster, past, [Slot(week(n)) for n in range(16)])
    turns = [Turn(week(n), a.person, a.function, a.focus) for n, a in enumerate(whole[:held])]

    again = assign(roster, past + turns, [Slot(week(n)) for n in range(held, 16)], first_focus=held)

    assert [(a.focus, a.person, a.stand_in) for a in again] == [
        (a.focus, a.person, a.stand_in) for a in whole[held:]
    ]


def test_a_swap_moves_the_credit():
    roster = a_rotation([3], 1)
    found = assign(
        roster, [], [Slot(week(0)), Slot(week(1), pinned=100), *(Slot(week(n)) for n in range(2, 5))]
    )

    assert [one.person for one in found] == [100, 100, 101, 102, 100]
    assert found[1].why == "P10 took over this meeting"


def test_who_was_away_owes_no_turn_and_gains_none():
    away = {100: [(week(1), week(10))]}
    found = assign(a_rotation([3], 1, away), [], [Slot(week(n)) for n in range(16)])

    assert [one.person for one in found[:3]] == [100, 101, 102]
    assert Counter(one.person for one in found[11:14]) == {100: 1, 101: 1, 102: 1}


def test_a_newcomer_comes_after_everyone_who_facilitated_before():
    people = [Person(1, "Ana", 1, LONG_AGO), Person(2, "Ben", 1, LONG_AGO), Person(3, "Chi", 1, week(2))]
    roster = Roster([1], people, [1])
    past = [Turn(week(0), 1, 1, 1), Turn(week(1), 2, 1, 1)]

    found = assign(roster, past, [Slot(week(n)) for n in range(3, 6)])

    assert [one.person for one in found] == [1, 2, 3]


def test_the_words_say_whose_turn_and_since_when():
    people = [Person(1, "Ana", 1, LONG_AGO), Person(2, "Ben", 1, LONG_AGO)]
    roster = Roster([1], people, [1], {1: "data engineering"}, {2: [(week(2), week(2))]})
    past = [Turn(date(2025, 11, 2), 2, 1, 1), Turn(week(0), 1, 1, 1)]

    found = assign(roster, past, [Slot(week(n)) for n in (2, 3)])

    assert found[0].why == "Next in rotation: data engineering; Ben is away; Ana last led on 5 Jan"
    assert found[1].why == "Next in rotation: data engineering; Ben last led on 2 Nov 2025"


@given(rotations(), st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_a_scribe_neither_leads_nor_stands_in_while_somebody_else_is_there(case, length):
    roster, past = case
    slots = [Slot(week(n)) for n in range(length)]
    leading = assign(roster, past, slots)
    busy = [tuple(pk for pk in (one.person, one.stand_in) if pk) for one in leading]
    writing = assign(
        roster, [], [Slot(slot.on, busy=pair) for slot, pair in zip(slots, busy, strict=True)], task=WRITING
    )

    for one, pair in zip(writing, busy, strict=True):
        assert one.person is not None
        free = len(roster.people) - len(pair)
        assert free == 0 or one.person not in pair
        assert one.person != pair[0] or len(roster.people) == 1


@given(rotations(), st.integers(1, 30), st.data())
@settings(max_examples=100, deadline=None)
def test_observers_take_even_turns_and_nobody_observes_while_away(case, length, data):
    roster, past = case
    absent = data.draw(st.sampled_from([person.id for person in roster.people]))
    gone = data.draw(st.integers(0, length))
    roster = Roster(
        roster.functions, roster.people, roster.cycle, roster.names, {absent: [(week(0), week(gone))]}
    )

    found = assign(roster, past, [Slot(week(n)) for n in range(gone + 1 + length)], task=OBSERVING)

    assert absent not in {one.person for one in found[: gone + 1]}
    turns = [Turn(week(n), one.person, one.function, one.focus) for n, one in enumerate(found)]
    assert spread(turns[gone + 1 :], roster.people) <= 1


def test_the_reason_of_an_observer_names_the_last_time():
    people = [Person(1, "Ana", 1, LONG_AGO), Person(2, "Ben", 1, LONG_AGO)]
    roster = Roster([1], people, [1], {1: "data engineering"})

    found = assign(roster, [Turn(week(0), 1, 1, 1)], [Slot(week(1))], task=OBSERVING)
    again = assign(roster, [Turn(week(0), 2, 1, 1), Turn(week(1), 1, 1, 1)], [Slot(week(2))], task=OBSERVING)

    assert found[0].why == "Next in rotation: data engineering; Ben has not observed yet"
    assert again[0].why == "Next in rotation: data engineering; Ben last observed on 5 Jan"
