"""The agenda names patterns of breaches of its focus, and only what everyone may see."""

from datetime import timedelta

import pytest

from catalogue.models import Model
from catalogue.operations import alias as aliases
from history import operations as history
from history.models import Event
from kit.actor import SYSTEM
from meetings.models import AgendaItem
from meetings.operations import agenda, item, subject_items
from meetings.operations import tripwire as tripwires
from riskhub import schedule
from signals.models import BreachGroup
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


def test_a_restricted_model_is_named_no_more_when_an_alias_merges_its_breaches():
    team, _ = make.crew()
    catalogue.model("fraud", owner_team=team, viewers=[team.subject_id])
    for name in ("fraud", "fraud-v2"):
        signals.alerts(signals.sent_alert(model=name))
    named = AgendaItem.objects.create(
        meeting=make.planned(make.series(team), 1), title=TITLE, rank=1, why="fraud-v2: recurring breaches"
    )

    aliases.add(Model.objects.get(slug="fraud"), name="fraud-v2", **BY)
    schedule.tick(AT)

    assert BreachGroup.objects.filter(merged_into__isnull=False).exists()
    assert not Event.objects.filter(verb="signals.breach_claimed").exists()
    named.refresh_from_db()
    assert named.why == "Nothing to report any more"


def crossed(decision, series, value=0.5):
    tripwires.add(decision, series=series, value=value, **BY)
    signals.push(series, value + 0.2, start=AT + timedelta(minutes=1))
    schedule.tick(AT)
    return decision.tripwires.select_related("decision__subject", "series__subject").get(series=series)


HIDDEN = "Tripwire: its metric crossed the value"


@pytest.mark.parametrize(
    "metric",
    ["psi", "m" * 119, "psi; fraud rate", "psi; Tripwire: fraud rate", "psi (it was 1); fraud rate"],
    ids=("short", "long", "semicolon", "prefix", "tail"),
)
def test_the_reason_of_a_decision_names_no_metric_that_is_restricted_later(metric):
    team, _ = make.crew()
    series = signals.series("nobody-knows", metric, feature="nobody-knows" + "f" * 100)
    decision = make.decision()
    tripwire = crossed(decision, series)
    meeting = make.planned(make.series(team), 0)
    other = subject_items.reason_of(crossed(decision, signals.series("known", "psi"), 5))
    why = f"Asked by Ana; {subject_items.reason_of(tripwire)}; {other}; Acceptance proposed until 3 Mar 2026"
    named = AgendaItem.objects.create(
        meeting=meeting, about=decision.subject, title="Again", rank=1, why=why[:300]
    )

    catalogue.model("nobody-knows", viewers=[team.subject_id])
    schedule.tick(AT)

    named.refresh_from_db()
    assert named.why.startswith(f"Asked by Ana; {HIDDEN}; {other}")
    for secret in ("nobody-knows", "mmm", "fraud"):
        assert secret not in named.why
    is_whole = len(why) <= 300
    assert named.why.endswith("; Acceptance proposed until 3 Mar 2026") == is_whole


def test_the_reason_of_the_routing_stays_when_the_metric_is_restricted_later():
    team, _ = make.crew()
    series = signals.series("nobody-knows", "psi; next meeting on nowhere")
    decision = make.decision()
    tripwire = crossed(decision, series)
    meeting = make.planned(make.series(team), 0)
    routed = f"next meeting on {meeting.focus.name}; after its due date, 3 Dec: no earlier meeting fits"
    why = f"{subject_items.reason_of(tripwire)}; {routed}"
    named = AgendaItem.objects.create(meeting=meeting, about=decision.subject, title="Again", rank=1, why=why)

    catalogue.model("nobody-knows", viewers=[team.subject_id])
    schedule.tick(AT)

    named.refresh_from_db()
    assert named.why == f"{HIDDEN}; {routed}"


def test_a_reason_that_is_made_longer_is_cut():
    team, _ = make.crew()
    series = signals.series("nobody-knows", "p")
    decision = make.decision()
    crossed(decision, series)
    others = [signals.series("known", letter * 110) for letter in "abcd"]
    for other in others:
        crossed(decision, other)
    named = AgendaItem.objects.create(
        meeting=make.planned(make.series(team), 0),
        about=decision.subject,
        title="Again",
        rank=1,
        why="Tripwire: nobody-knows: p above 0.5 (it was 0.7)",
    )

    catalogue.model("nobody-knows", viewers=[team.subject_id])
    schedule.tick(AT)

    named.refresh_from_db()
    assert len(named.why) == 300 and named.why.startswith(HIDDEN)


def test_a_model_of_a_team_that_does_not_take_part_is_not_named():
    team, _ = make.crew()
    catalogue.model("fraud-score", owner_team=people.team("Others"))
    signals.alerts_at_night(days=12)

    assert built(make.planned(make.series(team), 1)) is None
