"""Points that cross a threshold: breaches and groups are opened, joined, worsened, cleared, reopened."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import queries as history
from history.models import Event
from history.templatetags.timeline import lines
from history.writing import snapshot
from kit.actor import SYSTEM
from signals.models import Breach, BreachGroup, Point, Threshold
from signals.operations import claim as operations
from signals.operations import threshold
from signals.queries.version import versions_of
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def verbs(group):
    return list(Event.objects.filter(subject=group.subject_id).order_by("id").values_list("verb", flat=True))


def test_a_crossing_opens_one_breach_and_not_one_a_point(at):
    catalogue.model("fraud-score", name="Fraud score")
    found = signals.series()
    version = signals.agreed(found, warning=0.2)

    signals.push(found, 0.3, 0.5, 0.4)
    signals.push(found, 0.6, start=at + 9 * HOUR)

    breach = Breach.objects.get()
    assert (breach.first_value, breach.worst_value, breach.level, breach.state) == (0.3, 0.6, 1, "open")
    assert breach.threshold_version == version
    assert breach.opened_at == at + HOUR
    group = BreachGroup.objects.get()
    assert group.title == "PSI above its threshold on Fraud score"
    assert verbs(group) == ["signals.breach_group_opened"]


def test_it_gets_worse_clears_and_comes_back(at):
    found = signals.series()
    signals.agreed(found, warning=0.2, critical=0.5, clear=0.1)

    signals.push(found, 0.3)
    signals.push(found, 0.6, start=at + 2 * HOUR)
    signals.push(found, 0.15, start=at + 3 * HOUR)
    signals.push(found, 0.1, start=at + 4 * HOUR)
    signals.push(found, 0.3, start=at + 5 * HOUR)
    signals.push(found, 0.0, start=at + 6 * HOUR)
    signals.push(found, 0.3, start=at + 31 * HOUR)

    first, second = BreachGroup.objects.order_by("id")
    assert verbs(first) == [
        "signals.breach_group_opened",
        "signals.breach_worsened",
        "signals.breach_group_cleared",
        "signals.breach_group_reopened",
        "signals.breach_group_cleared",
    ]
    assert (first.level, first.state, first.cleared_at) == (2, "cleared", at + 6 * HOUR)
    assert (second.level, second.state) == (1, "open")
    assert Breach.objects.count() == 2


def test_siblings_of_one_cause_join_and_the_group_ends_with_the_last(at):
    age, income = signals.series(), signals.series(feature="income")
    signals.agreed(age), signals.agreed(income)

    signals.push(age, 0.3)
    signals.push(income, 0.4)
    signals.push(age, 0.0, start=at + 2 * HOUR)
    group = BreachGroup.objects.get()
    assert group.state == "open"
    signals.push(income, 0.0, start=at + 3 * HOUR)

    group.refresh_from_db()
    assert group.state == "cleared"
    assert verbs(group) == [
        "signals.breach_group_opened",
        "signals.breach_joined",
        "signals.breach_cleared",
        "signals.breach_group_cleared",
    ]


def test_of_several_rules_the_most_conservative_wins(at):
    found = signals.series()
    signals.agreed(found, warning=0.5)
    signals.agreed(found, warning=None, critical=0.3)

    signals.push(found, 0.4)
    group = BreachGroup.objects.get()
    assert group.level == 2
    signals.push(found, 0.6, start=at + 2 * HOUR)
    signals.push(found, 0.4, start=at + 3 * HOUR)
    group.refresh_from_db()
    assert (group.state, Breach.objects.filter(state="open").count()) == ("open", 1)
    signals.push(found, 0.1, start=at + 4 * HOUR)

    group.refresh_from_db()
    assert group.state == "cleared"


def test_a_late_point_is_stored_and_changes_no_breach(at):
    found = signals.series(values=(0.1,))
    signals.agreed(found)

    signals.push(found, 0.9, start=at - HOUR)
    assert not Breach.objects.exists()
    signals.push(found, 0.9, start=at + 5 * HOUR)
    signals.push(found, 0.0, start=at + 4 * HOUR)

    assert Breach.objects.get().state == "open"
    assert Point.objects.count() == 4


def test_a_corrected_newest_value_is_judged_again(at):
    found = signals.series()
    signals.agreed(found)
    signals.push(found, 0.9)

    signals.push(found, 0.1)

    assert Breach.objects.get().state == "cleared"


def test_what_crossed_and_cleared_within_one_body_is_recorded(at):
    found = signals.series()
    signals.agreed(found)

    signals.push(found, 0.9, 0.1, 0.9, 0.1, *([0.1] * 25), 0.9, 0.1)

    old, new = BreachGroup.objects.order_by("opened_at")
    assert (old.state, new.state) == ("cleared", "cleared")
    assert old.breaches.count() == new.breaches.count() == 1
    assert verbs(old) == ["signals.breach_group_opened"]


def test_an_end_and_a_new_group_in_one_body_do_not_collide(at):
    found = signals.series()
    signals.agreed(found)
    signals.push(found, 0.9)

    signals.push(found, 0.1, *([0.1] * 30), 0.9, start=at + 2 * HOUR)

    assert list(BreachGroup.objects.order_by("id").values_list("state", flat=True)) == ["cleared", "open"]


def test_one_body_is_judged_as_many(at):
    values = [0.3, 0.1, 0.6, 0.0, 0.3, 0.7, 0.1, 0.3]
    at_once, one_by_one = signals.series("a"), signals.series("b")
    for found in (at_once, one_by_one):
        signals.agreed(found, warning=0.2, critical=0.5)

    signals.push(at_once, *values, step=9 * HOUR)
    for n, value in enumerate(values):
        signals.push(one_by_one, value, start=at + HOUR + 9 * HOUR * n)

    fields = ("opened_at", "cleared_at", "level", "state", "first_value", "worst_value")
    rows = Breach.objects.order_by("opened_at").values_list(*fields)
    assert list(rows.filter(series=at_once)) == list(rows.filter(series=one_by_one))
    groups = BreachGroup.objects.order_by("opened_at").values_list(
        "opened_at", "cleared_at", "level", "state"
    )
    assert list(groups.filter(model_name="a")) == list(groups.filter(model_name="b"))


def test_judging_costs_the_same_for_any_number_of_crossings(at):
    def body(names, value, hour):
        ts = (at + HOUR * hour).isoformat()
        return {"points": [{"model": "m", "metric": name, "ts": ts, "value": value} for name in names]}

    names = [f"metric-{n}" for n in range(30)]
    signals.store(body(names, 0.0, 0), at=at)
    for one in signals.Series.objects.all():
        signals.agreed(one)
    counts = []
    for some, hour in ((names[:2], 1), (names[2:], 2)):
        with CaptureQueriesContext(connection) as caught:
            signals.store(body(some, 0.5, hour), at=at)
        counts.append(len(caught))

    assert counts[0] == counts[1]
    assert BreachGroup.objects.count() == 30


def test_history_alone_gives_the_stored_rows_and_reads_well(at):
    found = signals.series()
    signals.agreed(found, warning=0.2, critical=0.5)
    for n, value in enumerate((0.3, 0.6, 0.1, 0.3)):
        signals.push(found, value, start=at + HOUR * (n + 1))
    group, breach = BreachGroup.objects.get(), Breach.objects.get()

    assert history.rebuilt("signals.breachgroup", group.pk) == snapshot(group)
    assert history.rebuilt("signals.breach", breach.pk) == snapshot(breach)
    assert len(lines(history.timeline(group.subject_id))) == 4


def test_a_new_version_judges_from_the_next_point_on(at):
    found = signals.series()
    old = signals.agreed(found, warning=0.2)
    signals.push(found, 0.3)
    new = threshold.propose(old.threshold, warning=0.5, reason="Too nervous.", by=SYSTEM, at=at)
    threshold.agree(new, by=SYSTEM, at=at)

    signals.push(found, 0.4, start=at + 2 * HOUR)

    breach = Breach.objects.get()
    assert (breach.state, breach.threshold_version) == ("cleared", old)


def test_a_model_registered_later_claims_what_came_before(at):
    group = signals.breach_group("fraud_score")
    assert group.title.endswith("(not registered)")
    model = catalogue.model("fraud_score", name="Fraud score")
    event = Event.objects.get(verb="catalogue.model_registered")

    operations.on_model_registered(event, at=at)
    operations.on_model_registered(event, at=at)

    group = BreachGroup.objects.select_related("subject").get()
    assert (group.model, group.title) == (model, "PSI above its threshold on fraud_score")
    assert group.subject.title == group.title
    assert signals.Series.objects.get().model == model
    assert verbs(group)[-1] == "signals.breach_claimed"
    assert len(verbs(group)) == 2


def test_what_a_restricted_model_claims_is_restricted_with_its_thresholds(at):
    signals.breach_group("fraud_score")
    team, stranger = people.team(), people.user()
    catalogue.model("fraud_score", viewers=[team.subject_id])

    operations.on_model_registered(Event.objects.get(verb="catalogue.model_registered"), at=at)

    for rows in (BreachGroup.objects, signals.Series.objects, Threshold.objects):
        assert rows.exists() and not rows.visible_to(stranger).exists()


def test_a_version_counts_the_breaches_that_its_reader_may_see(at):
    team, stranger = people.team(), people.user()
    mate = people.user(teams=[team])
    secret = catalogue.model("secret-score", viewers=[team.subject_id])
    for model in (catalogue.model("open-score"), secret):
        signals.alerts(signals.sent_alert(model=model.slug))
    rule = Threshold.objects.get(series=None)

    counts = [versions_of(reader, rule)[0].breach_count for reader in (mate, stranger)]

    assert counts == [2, 1]
