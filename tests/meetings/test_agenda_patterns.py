"""The agenda names patterns of breaches of its focus, and only what everyone may see."""

from datetime import timedelta

import pytest

from history import operations as history
from kit.actor import SYSTEM
from meetings.models import AgendaItem
from meetings.operations import agenda, item
from meetings.operations import tripwire as tripwires
from riskhub import schedule
from tests.factories import catalogue, people, signals
from tests.factories import meetings as make
from tests.moments import AT

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
TITLE = "Recurring breaches"


def built(meeting):
    agenda.build(meeting, at=AT)
    return AgendaItem.objects.filter(meeting=meeting, title=TITLE).first()


def test_the_agenda_of_the_focus_names_the_pattern_once(client):
    team, (member, _) = make.crew()
    series = make.series(team)
    catalogue.model("fraud-score", owner_team=team)
    signals.alerts_at_night(days=12)

    quality, performance = make.planned(series), make.planned(series, 1)

    assert built(quality) is None  # drift belongs to the focus of model performance
    found = built(performance)
    assert found.why.startswith("Fraud score: recurring breaches from ")
    assert found.why.endswith("(by chance less than 1 in 1,000,000)")
    assert built(performance) == found
    client.force_login(member)
    page = client.get(f"/meetings/{performance.reference}/").content.decode()
    assert 'href="/signals/patterns/"' in page


def test_a_pattern_that_is_gone_is_finished_and_comes_back_as_waiting():
    team, _ = make.crew()
    model = catalogue.model("fraud-score", owner_team=team)
    signals.alerts_at_night(days=12)
    meeting = make.planned(make.series(team), 1)
    why = built(meeting).why

    history.restrict(model.subject, {team.subject_id})
    gone = built(meeting)
    assert (gone.state, gone.outcome, gone.why) == ("done", "no_change", "Nothing to report any more")
    assert built(meeting).version == gone.version
    history.restrict(model.subject, None)
    back = built(meeting)
    assert (back.pk, back.state, back.outcome, back.why) == (gone.pk, "waiting", "", why)
    item.take_off(back, **BY)
    history.restrict(model.subject, {team.subject_id})
    assert built(meeting).state == "dropped"


def test_a_restricted_model_is_not_named():
    team, _ = make.crew()
    model = catalogue.model("fraud-score", owner_team=team)
    history.restrict(model.subject, {team.subject_id})
    signals.alerts_at_night(days=12)

    assert built(make.planned(make.series(team), 1)) is None


def test_a_model_that_is_registered_as_restricted_later_is_named_no_more():
    team, _ = make.crew()
    signals.alerts_at_night(days=12)
    found = built(make.planned(make.series(team), 1))
    assert "fraud-score" in found.why

    catalogue.model("fraud-score", owner_team=team, viewers=[team.subject_id])
    schedule.tick(AT)

    found.refresh_from_db()
    assert "raud" not in found.why


def test_the_reason_of_a_decision_names_no_metric_that_is_restricted_later():
    team, _ = make.crew()
    series = signals.series("nobody-knows")
    decision = make.decision()
    tripwires.add(decision, series=series, value=0.5, **BY)
    signals.push(series, 0.7, start=AT + timedelta(minutes=1))
    meeting = make.planned(make.series(team), 0)
    named = AgendaItem.objects.create(
        meeting=meeting,
        about=decision.subject,
        title="Again",
        rank=1,
        why="Asked by Ana; Tripwire: nobody-knows psi above 0.5 (it was 0.7)",
    )

    catalogue.model("nobody-knows", viewers=[team.subject_id])
    schedule.tick(AT)

    named.refresh_from_db()
    assert named.why == "Asked by Ana; Tripwire: its metric crossed the value"


def test_a_model_of_a_team_that_does_not_take_part_is_not_named():
    team, _ = make.crew()
    catalogue.model("fraud-score", owner_team=people.team("Others"))
    signals.alerts_at_night(days=12)

    assert built(make.planned(make.series(team), 1)) is None
