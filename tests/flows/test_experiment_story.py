"""A review asks for an experiment, whose rule is fixed beforehand; a meeting decides a threshold by it."""

from datetime import timedelta

import pytest

from history import relay
from kit.actor import SYSTEM, Actor
from meetings.models import AgendaItem, Decision
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from notices.queries import digest
from people.states import Role
from riskhub import schedule
from risklog.models import Experiment, Review
from risklog.operations import review as reviews
from signals.models import ThresholdVersion
from signals.states import Agreement
from tests.factories import catalogue, people
from tests.factories import meetings as make
from tests.factories import signals as signal

pytestmark = pytest.mark.django_db
RULE = "Supported: warn at 0.3. Rejected: keep 0.2."


def test_an_experiment_with_a_rule_fixed_beforehand_decides_a_threshold(client, at, move_clock):
    people.organisation(time_zone="Europe/Berlin")
    team, (ana, jonas) = make.crew()
    other = people.team("Platform")
    petra = people.user("Petra", teams=[other])
    manager = people.user("Mia", role=Role.RISK_MANAGER, teams=[team])
    model = catalogue.model("fraud-score", owner_team=team)
    weekly = make.series(team)
    series = signal.series(model)
    former = signal.agreed(series, warning=0.2)
    signal.push(series, 0.25)
    relay.relay(at=at + timedelta(hours=1))

    # The breach opens a review. Its outcome is that an experiment is needed; one click proposes it.
    review = Review.objects.get(model=model)
    now = at + timedelta(hours=2)
    move_clock(now)
    reviews.settle(review, outcome="experiment_needed", reason="0.3 misses nothing.", by=SYSTEM, at=now)
    client.force_login(ana)
    answer = client.post(f"/risks/experiments/from/{review.reference}/")
    made = Experiment.objects.select_related("subject").get()
    address = f"/risks/experiments/{made.reference}/"
    assert answer.url == address and made.hypothesis == "0.3 misses nothing."

    # Ana completes the plan with an owner of another team, and starts it: the rule is fixed now.
    plan = {
        "title": made.title,
        "hypothesis": made.hypothesis,
        "data_slice": "All scored payments",
        "success_criteria": "No real incident between 0.2 and 0.3 in two weeks",
        "decision_rule": RULE,
        "rollback": "Agree 0.2 again.",
        "ends_on": str((now + timedelta(days=3)).date()),
        "owners": [ana.pk, petra.pk],
        "model": model.pk,
        "series": series.pk,
    }
    assert client.post(f"{address}edit/", {**plan, "version": made.version}).status_code == 303
    made.refresh_from_db()
    assert client.post(f"{address}start/", {"version": made.version}).status_code == 303
    made.refresh_from_db()
    changed = client.post(f"{address}edit/", {**plan, "decision_rule": "As we like", "version": made.version})
    assert changed.status_code == 303
    made.refresh_from_db()
    assert made.decision_rule == RULE  # the form has no such field any more

    # The data comes, Petra records the outcome, and the next suitable meeting has it.
    signal.push(series, 0.28, 0.29, start=now + timedelta(hours=1))
    later = now + timedelta(hours=4)
    move_clock(later)
    client.force_login(petra)
    outcome = {"outcome": "supported", "sample_size": 5400, "interpretation": "Nothing was missed."}
    assert client.post(f"{address}finish/", {**outcome, "version": made.version}).status_code == 303
    relay.relay(at=later)
    item = AgendaItem.objects.select_related("meeting").get(about=made.subject)
    assert RULE.rstrip(".") in item.why and item.meeting.series == weekly

    # Ana proposes the threshold from the result. The meeting agrees to it in its decision.
    client.force_login(ana)
    link = f"/signals/thresholds/{former.threshold_id}/propose/"
    assert link in client.get(address).content.decode()
    proposed = {"warning": "0.3", "reason": f"{made.reference}: Supported."}
    assert client.post(link, proposed).status_code == 303
    version = ThresholdVersion.objects.get(state=Agreement.PROPOSED)
    meeting = item.meeting
    schedule.tick(meeting.starts_at)
    move_clock(meeting.starts_at)
    meeting.refresh_from_db()
    meetings.start(meeting, by=Actor(manager, "page"), at=meeting.starts_at)
    item.refresh_from_db()
    items.take_up(item, by=Actor(manager, "page"), at=meeting.starts_at)
    client.force_login(manager)
    shown = client.get(f"/meetings/{meeting.reference}/live/").content.decode()
    assert RULE in shown and "Nothing was missed." in shown and "Supported on 5400 records" in shown
    prefix = f"effect-agree_threshold-{version.pk}"
    decided = client.post(
        f"/meetings/items/{item.pk}/decide/",
        {
            "text": "Warn at 0.3",
            "reason": "As the rule of the experiment says",
            "no_action_reason": "The threshold is enough",
            f"{prefix}-apply": "on",
        },
    )
    assert decided.status_code == 303, decided.content.decode()
    version.refresh_from_db()
    former.refresh_from_db()
    assert (version.state, former.state) == (Agreement.ACTIVE, Agreement.RETIRED)
    assert Decision.objects.get(about=made.subject).text == "Warn at 0.3"
    assert "Warn at 0.3" in client.get(address).content.decode()

    # The weekly digest tells the result to those who may see it.
    told = digest.content_for(jonas, since=at, at=meeting.starts_at)
    lines = next(section["lines"] for section in told["sections"] if section["key"] == "experiments")
    assert [(line["title"], line["badge"]) for line in lines] == [(made.title, "Supported")]
