"""The figures of snapshots: pure arithmetic."""

from leaders import tallies
from leaders.states import Measure
from leaders.tallies import OPEN, RiskCell, Sum, Tallies, TopRisk

SECRET = ((7,), (9,))


def cell(**values):
    given = {"team": 1, "tier": 2, "category": 3, "level": 4, "is_accepted": False, **values}
    return RiskCell(**{"scope": OPEN, **given})


def test_risks_count_for_their_team_and_the_organisation_and_only_in_their_scope():
    found = Tallies()
    found.add_risks(
        {
            cell(): Sum(2, 30),
            cell(level=1, is_accepted=True): Sum(1, 2),
            cell(team=None, tier=0, level=5): Sum(1, 25),
            cell(scope=SECRET, level=5): Sum(1, 20),
            cell(team=8): Sum(0, 0),
        }
    )

    assert found.rows[OPEN, None]["levels"] == [1, 0, 0, 2, 1, 57]
    assert found.rows[OPEN, 1]["levels"] == [1, 0, 0, 2, 0, 32]
    assert found.rows[OPEN, None]["tiers"] == {"2": [1, 0, 0, 2, 0, 32], "0": [0, 0, 0, 0, 1, 25]}
    assert found.rows[OPEN, 1]["accepted"] == 1
    assert found.rows[SECRET, None]["levels"] == [0, 0, 0, 0, 1, 20]
    assert (OPEN, 8) not in found.rows

    whole = tallies.added_up([found.rows[OPEN, None], found.rows[SECRET, None]])
    assert whole["levels"] == [1, 0, 0, 2, 2, 77]
    assert whole["categories"] == {"3": [1, 0, 0, 2, 2, 77]}
    assert found.rows[OPEN, None]["levels"] == [1, 0, 0, 2, 1, 57]  # adding up changes nothing


def test_the_highest_of_several_scopes_are_the_highest_of_all():
    found = Tallies()
    found.add_top(OPEN, 1, [TopRisk(n, n, 3, 3) for n in range(1, 13)])
    found.add_top(SECRET, None, [TopRisk(99, 11, 4, None)])

    whole = tallies.added_up([found.rows[OPEN, None], found.rows[SECRET, None]])

    assert [entry[0] for entry in whole["top"]] == [12, 99, 11, 10, 9, 8, 7, 6, 5, 4]


def test_figures_of_goals():
    figures = {
        "levels": [1, 2, 3, 4, 5, 99],
        "late_actions": 6,
        "done": 3,
        "done_in_time": 2,
        "medians": {"review": [4, 30.5], "decision": [2, 60.0]},
    }
    expected = {
        Measure.LIVE_RISKS: 15,
        Measure.SEVERE_RISKS: 9,
        Measure.LATE_ACTIONS: 6,
        Measure.ESCALATIONS: 0,
        Measure.DONE_IN_TIME: 67,
        Measure.HELD: None,
        Measure.HOURS_TO_REVIEW: 30.5,
        Measure.DAYS_TO_DECISION: 2.5,
        Measure.DAYS_TO_DONE: None,
        Measure.TYPED: None,
    }
    assert {measure: tallies.figure_of(measure, figures) for measure in expected} == expected
    assert all(tallies.figure_of(measure, {}) in (0, None) for measure in Measure)
