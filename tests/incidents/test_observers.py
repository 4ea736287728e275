"""The rotation of observers, week by week with teams involved and people away, against its rules."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from incidents.observers import choose
from people.rotation import Person, Roster, Turn

START, LONG_AGO = date(2026, 1, 5), date(2020, 1, 1)
# person -> (function, team)
PEOPLE = {n: (n % 3, n % 4) for n in range(1, 13)}


def roster(pool, away=()):
    people = [Person(n, f"P{n}", PEOPLE[n][0], LONG_AGO) for n in sorted(pool)]
    absences = {n: [(START, START + timedelta(days=9999))] for n in away}
    return Roster([0, 1, 2], people, [], {0: "data", 1: "risk", 2: "platform"}, absences)


def turns(held, chosen, on):
    return held + [Turn(on, one.person, one.function, None) for one in chosen]


@given(st.integers(1, 60), st.integers(1, 3))
def test_while_everybody_can_observe_the_people_of_a_function_differ_by_at_most_one(weeks, number):
    held = []
    for week in range(weeks):
        on = START + timedelta(weeks=week)
        held = turns(held, choose(roster(PEOPLE), held, on, due_on=on, number=number), on)
    counts = Counter(turn.person for turn in held)
    for function in range(3):
        of_function = [counts[n] for n, (one, _) in PEOPLE.items() if one == function]
        assert max(of_function) - min(of_function) <= 1


@given(
    st.lists(
        st.tuples(st.sets(st.integers(0, 3)), st.sets(st.sampled_from(sorted(PEOPLE))), st.integers(1, 2)),
        min_size=1,
        max_size=30,
    )
)
def test_nobody_involved_or_away_observes_and_within_a_function_it_is_whoever_waited_longest(weeks):
    held = []
    for week, (involved, away, number) in enumerate(weeks):
        on = START + timedelta(weeks=week)
        pool = {n for n, (_, team) in PEOPLE.items() if team not in involved}
        able = pool - away
        chosen = choose(roster(pool, away), held, on, due_on=on, number=number)

        people = [one.person for one in chosen]
        assert set(people) <= able
        assert len(people) == len(set(people)) == min(number, len(able))
        last = {turn.person: place for place, turn in enumerate(held)}
        for place, one in enumerate(chosen):
            waiting = [n for n in able - set(people[:place]) if PEOPLE[n][0] == one.function]
            assert one.person == min(waiting, key=lambda n: (last.get(n, -1), n))
            assert one.why
        if len({PEOPLE[n][0] for n in able}) >= number:
            assert len({one.function for one in chosen}) == number
        held = turns(held, chosen, on)


def test_the_reason_names_who_is_away_and_when_they_last_observed():
    held = [Turn(START, 3, 0, None)]
    away_first = roster({3, 6, 9}, away=[6])
    chosen = choose(away_first, held, START + timedelta(weeks=1), due_on=START + timedelta(weeks=1), number=2)
    assert [one.person for one in chosen] == [9, 3]
    assert chosen[0].why == "Next in rotation: data; P6 is away; P9 has not observed yet"
    assert "last observed on 5 Jan" in chosen[1].why


def test_without_anybody_outside_there_is_no_observer():
    assert choose(roster(set()), [], START, due_on=START + timedelta(weeks=1), number=2) == []
