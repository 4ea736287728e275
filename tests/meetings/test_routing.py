from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from meetings.routing import CandidateSeries, NoMeeting, PlannedMeeting, route

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
CYCLE = ("data_quality", "drift", "latency")


def a_series(pk=1, teams=(1,), size=5, kinds=CYCLE, meetings=6) -> CandidateSeries:
    planned = tuple(
        PlannedMeeting(
            pk * 100 + n,
            NOW + timedelta(weeks=n, days=2),
            kinds[n % len(kinds)],
            frozenset({kinds[n % len(kinds)]}),
        )
        for n in range(meetings if kinds else 0)
    )
    return CandidateSeries(pk, frozenset(teams), size, frozenset(kinds), planned)


def test_the_next_meeting_of_the_right_focus():
    found = route([a_series()], team=1, kind="drift")

    assert found.meeting.id == 101
    assert found.why == "next meeting on drift"


def test_urgent_subjects_go_to_the_next_meeting():
    assert route([a_series()], team=1, kind="latency", urgent_reason="critical").meeting.id == 100


def test_due_before_its_focus_returns_goes_to_the_very_next_meeting():
    soon = NOW + timedelta(days=3)

    assert route([a_series()], team=1, kind="drift", due_at=soon).meeting.id == 100
    assert route([a_series()], team=1, kind="drift", due_at=NOW + timedelta(days=10)).meeting.id == 101


def test_the_narrowest_series_that_lists_the_kind():
    wide, narrow, blind = a_series(1, (1, 2, 3)), a_series(2, (1, 2)), a_series(3, (1,), kinds=("latency",))

    assert route([wide, narrow, blind], team=1, kind="drift").series == 2
    assert route([wide, narrow, blind], team=3, kind="drift").series == 1


def test_a_missing_place_names_the_fix():
    assert "no team" in route([a_series()], team=None, kind="drift").why
    assert "no meeting series" in route([a_series()], team=9, kind="drift").why
    assert "No focus" in route([a_series(kinds=("latency",))], team=1, kind="drift").why
    assert "no upcoming meeting" in route([a_series(meetings=0)], team=1, kind="drift").why


kinds = st.sampled_from([*CYCLE, "performance"])


@given(
    st.lists(
        st.tuples(
            st.sets(st.integers(1, 3), min_size=1),
            st.integers(1, 9),
            st.lists(kinds, max_size=3),
            st.integers(0, 5),
        ),
        max_size=4,
    ),
    st.integers(1, 3),
    kinds,
    st.sampled_from(["", "critical"]),
)
def test_a_place_is_never_in_a_series_without_the_team_nor_wider_than_need_be(
    shapes, team, kind, urgent_reason
):
    series = [a_series(n, *shape) for n, shape in enumerate(shapes, start=1)]

    found = route(series, team=team, kind=kind, urgent_reason=urgent_reason)

    fitting = [one for one in series if team in one.teams and kind in one.kinds and one.meetings]
    if isinstance(found, NoMeeting):
        assert not fitting
        return
    chosen = next(one for one in series if one.id == found.series)
    assert team in chosen.teams
    assert found.meeting in chosen.meetings
    if fitting:
        assert len(chosen.teams) == min(len(one.teams) for one in fitting)
        is_planned = any(kind in meeting.kinds for meeting in chosen.meetings)
        assert urgent_reason or not is_planned or kind in found.meeting.kinds
