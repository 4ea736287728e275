"""Every verb of these rooms has a line with the right text."""

import pytest
from django.template.loader import render_to_string

from history import queries as history
from history.models import Event
from kit.actor import SYSTEM
from signals.operations import claim, series, source, threshold
from tests.factories import catalogue, signals

pytestmark = pytest.mark.django_db


def timeline(subject_id):
    return " ".join(
        render_to_string("history/_timeline.html", {"events": history.timeline(subject_id)}).split()
    )


def test_the_timeline_of_a_breach_is_readable(at):
    age, income = signals.series(), signals.series(feature="income")
    for one in (age, income):
        signals.agreed(one, warning=0.2, critical=0.5)
    hour = signals.timedelta(hours=1)
    for n, (one, value) in enumerate(
        [(age, 0.3), (income, 0.3), (age, 0.6), (age, 0.1), (age, 0.3), (age, 0), (income, 0), (income, 0.3)]
    ):
        signals.push(one, value, start=at + hour * (n + 1))
    group = signals.BreachGroup.objects.get()
    catalogue.model("fraud-score")
    claim.claim(catalogue.Model.objects.get(), by=SYSTEM, at=at)

    text = " ".join(timeline(group.subject_id).split())

    for words in (
        "A threshold was crossed (<b>age</b>)",
        "1 more crossing of the same cause: <b>income</b>",
        "The breach got worse and is critical now",
        "1 crossing cleared, 1 still open",
        "1 crossing recurred",
        "All values are back within their thresholds",
        "The threshold was crossed again within a day",
        "This breach was linked to the model, which has this name now",
    ):
        assert words in text, words
    assert "signals.breach" not in text


def test_no_verb_is_left_to_the_general_line(at):
    found = signals.series()
    version = signals.agreed(found)
    second = threshold.propose(version.threshold, warning=0.4, reason="x", by=SYSTEM, at=at)
    threshold.decline(second, reason="No.", by=SYSTEM, at=at)
    signals.alerts(signals.sent_alert())
    source.change(signals.source(), {"name": "Evidently"}, by=SYSTEM, at=at)
    series.change(found, {"unit": "psi"}, by=SYSTEM, at=at)
    model = catalogue.model("fraud-score")
    catalogue.operations.change(model, {"tier": 1}, by=SYSTEM, at=at)
    catalogue.operations.move_stage(model, "retired", by=SYSTEM, at=at)

    for event in Event.objects.filter(verb__regex=r"^(signals|catalogue)\."):
        assert event.verb not in timeline(event.subject_id), event.verb
