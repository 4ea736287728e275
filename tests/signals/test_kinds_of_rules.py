"""Each kind of rule opens and clears breaches as points come, in any order and in parts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Event
from kit.refusals import Refused
from signals.models import Breach, BreachGroup, ThresholdVersion
from signals.operations import silence
from signals.states import BreachState
from tests.conftest import AT
from tests.factories import people, signals

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def spans():
    columns = ("opened_at", "level", "first_value", "worst_value", "cleared_at")
    return list(Breach.objects.order_by("opened_at").values_list(*columns))


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "range", "warning": 4, "warning_low": 1, "critical_low": 0},
        {"kind": "count", "warning": 4, "needed": 2, "among": 3},
        {"kind": "change", "warning": 50, "window_hours": 2},
        {"kind": "deviation", "warning": 3, "window_hours": 24},
    ],
)
def test_points_in_parts_open_what_points_at_once_open(rule):
    values = [2, 3, 2, 3, 2, 3, 2, 3, 9, 9, 2, -5, 2, 3, 2]
    at_once = signals.series(feature="age")
    in_parts = signals.series(feature="income")
    signals.agreed(at_once, **rule)
    signals.agreed(in_parts, **rule)

    signals.push(at_once, *values)
    for number, value in enumerate(values):
        signals.push(in_parts, value, start=AT + (number + 1) * HOUR)

    columns = ("opened_at", "level", "first_value", "worst_value", "cleared_at")
    one, other = (
        list(Breach.objects.filter(series=row).order_by("opened_at").values_list(*columns))
        for row in (at_once, in_parts)
    )
    assert one and one == other


def test_a_late_point_changes_no_breach_but_is_history():
    found = signals.series(values=[1.0])
    signals.agreed(found, kind="count", warning=4, needed=2, among=3)

    signals.push(found, 9, start=AT + 3 * HOUR)
    signals.push(found, 9, start=AT + 2 * HOUR)
    assert spans() == []
    signals.push(found, 1, start=AT + 4 * HOUR)

    assert [row[0] for row in spans()] == [AT + 4 * HOUR]


def test_one_statement_reads_the_history_of_all_rules():
    rule = {"kind": "count", "warning": 4, "needed": 2, "among": 3}
    body = {"series": [{"model": "m", "metric": "psi", "feature": f"f{n}", "points": []} for n in range(3)]}
    counts = []
    for rows in (body["series"][:1], body["series"]):
        for row in rows:
            found = signals.series("m", feature=row["feature"])
            signals.agreed(found, **rule)
            row["points"] = [[(AT + (len(counts) + 1) * HOUR).isoformat(), 1.0]]
        with CaptureQueriesContext(connection) as queries:
            signals.store({"series": rows}, at=AT + 9 * HOUR)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_silence_opens_at_its_limit_worsens_and_clears_with_the_next_point():
    found = signals.series()
    signals.agreed(found, kind="silence", warning=2, critical=6)

    assert silence.note_silent(at=AT + 2 * HOUR).done == 0
    assert silence.note_silent(at=AT + 3 * HOUR).done == 1
    assert silence.note_silent(at=AT + 4 * HOUR).done == 0
    assert spans() == [(AT + 2 * HOUR, 1, 2, 2, None)]
    assert silence.note_silent(at=AT + 7 * HOUR).done == 1
    assert silence.note_silent(at=AT + 8 * HOUR).done == 0
    signals.push(found, 0.1, start=AT + 9 * HOUR)

    assert spans() == [(AT + 2 * HOUR, 2, 2, 6, AT + 9 * HOUR)]
    group = BreachGroup.objects.select_related("subject").get()
    assert (group.state, group.title) == (
        BreachState.CLEARED,
        "PSI without data on fraud-score (not registered)",
    )
    assert Breach.objects.get().summary == "psi of age had 2 h without data"
    assert Event.objects.filter(verb="signals.breach_group_opened").count() == 1


def test_a_silence_longer_than_any_date_is_refused_and_an_old_one_harms_nobody():
    found, other = signals.series(feature="age"), signals.series(feature="income")
    with pytest.raises(Refused, match="at most 8784 hours"):
        signals.agreed(found, kind="silence", warning=8785)
    for row in (found, other):
        signals.agreed(row, kind="silence", warning=1, critical=2)
    ThresholdVersion.objects.filter(threshold__series=found).update(warning=1.7e308, critical=None)

    assert silence.note_silent(at=AT + 3 * HOUR).done == 1
    signals.push(found, 1.0, start=AT + 3 * HOUR)

    assert Breach.objects.get().series_id == other.pk


def test_the_silence_of_many_series_costs_one_round():
    for number in range(3):
        signals.agreed(signals.series(feature=f"f{number}"), kind="silence", warning=1)

    with CaptureQueriesContext(connection) as queries:
        assert silence.note_silent(at=AT + 2 * HOUR).done == 3
    with CaptureQueriesContext(connection) as idle:
        assert silence.note_silent(at=AT + 2 * HOUR).done == 0

    assert (len(idle), len(queries) < 30) == (1, True)


def test_pages_say_each_rule_in_words(client):
    people.organisation()
    client.force_login(people.user("Ana"))
    found = signals.series()
    form = {"kind": "range", "warning": "4", "warning_low": "1", "reason": "Seen in May."}

    answer = client.post(f"/signals/series/{found.pk}/propose/", form, follow=True)

    assert "Warning outside 1 to 4" in answer.content.decode()


def test_a_field_of_another_kind_is_refused_beside_it(client):
    people.organisation()
    client.force_login(people.user("Ana"))
    form = {"kind": "count", "warning": "4", "window_hours": "3", "reason": "Seen in May."}

    answer = client.post(f"/signals/series/{signals.series().pk}/propose/", form)

    assert answer.status_code == 422
    assert "does not use it" in answer.content.decode()
