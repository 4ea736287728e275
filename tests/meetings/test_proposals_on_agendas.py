"""Proposed thresholds and acceptances reach those who decide, and the next suitable agenda."""

from datetime import date

import pytest

from catalogue.states import RightKind
from history import relay
from kit.actor import SYSTEM, Actor
from meetings.models import AgendaItem
from meetings.operations import agenda, carry, subject_items
from meetings.operations import item as items
from meetings.states import ItemState
from notices.models import Entry, Message
from people.states import Role
from riskhub import schedule
from risklog.operations import acceptance
from risklog.states import RiskState
from signals.operations import threshold as thresholds
from tests.factories import catalogue, people, risks
from tests.factories import meetings as make
from tests.factories import risklog_review as escalations
from tests.factories import signals as signal

pytestmark = pytest.mark.django_db
UNTIL = date(2027, 1, 1)


@pytest.fixture
def team():
    people.organisation()
    return make.crew()[0]


@pytest.fixture
def model(team):
    return catalogue.model("fraud-score", owner_team=team)


def proposed(model, at, by=SYSTEM, **limits):
    series = signal.series(model)
    return thresholds.propose(series, **{"warning": 0.3, **limits}, reason="Less noise", by=by, at=at)


def settle(at):
    for _ in range(4):
        relay.relay(at=at)


def items_about(subject):
    rows = AgendaItem.objects.filter(about=subject).select_related("meeting", "about")
    return list(rows.order_by("id"))


def test_a_proposal_reaches_managers_and_the_holder_of_the_right_by_inbox_and_mail(settings, model, at):
    settings.IS_MAIL_KEPT = True
    boss, nia = people.user("Mia", role=Role.RISK_MANAGER), people.user("Nia")
    proposer, bystander = people.user("Ana"), people.user("Bo")
    catalogue.right(RightKind.MODEL_CHANGE, model=model, person=nia)
    proposed(model, at, by=Actor(proposer, "page"))

    schedule.tick(at)

    told = dict(Entry.objects.filter(event__verb="signals.threshold_proposed").values_list("user", "why"))
    assert set(told) >= {boss.pk, nia.pk}
    assert not {proposer.pk, bystander.pk} & set(told)
    assert "you hold the decision right" in told[nia.pk]
    mail = Message.objects.get(user=nia, verb="signals.threshold_proposed")
    assert (mail.state, mail.sent_title) == ("done", "Threshold proposed: fraud-score: psi · age")
    assert "Proposed: warning above 0.3" in mail.sent_text
    assert "Less noise" in mail.sent_text


def test_a_proposed_threshold_is_on_the_next_suitable_agenda_with_the_reason(team, model, at):
    series = make.series(team)
    version = proposed(model, at)

    settle(at)

    (item,) = items_about(version.threshold.subject)
    assert (item.purpose, item.added_by) == ("decide", None)
    assert item.why.startswith(
        "Waits for agreement: version 1 (warning above 0.3); next meeting on Model perf"
    )
    assert item.meeting.series == series


@pytest.mark.parametrize("step", ["agree", "decline"])
def test_an_agreed_or_declined_proposal_leaves_the_agenda(team, model, at, step):
    make.series(team)
    version = proposed(model, at)
    settle(at)

    reason = {} if step == "agree" else {"reason": "Too lax"}
    getattr(thresholds, step)(version, by=SYSTEM, at=at, **reason)
    settle(at)

    (item,) = items_about(version.threshold.subject)
    assert item.state == ItemState.DONE
    assert "before the meeting" in item.why


def test_a_second_proposal_keeps_the_item_and_an_open_one_is_carried_over(team, model, at):
    make.series(team)
    first = proposed(model, at)
    second = thresholds.propose(first.threshold, warning=0.4, reason="Even less", by=SYSTEM, at=at)
    settle(at)
    thresholds.decline(first, reason="Too strict", by=SYSTEM, at=at)
    settle(at)

    (item,) = items_about(first.threshold.subject)
    assert item.state == ItemState.WAITING
    carry.carry(item, by=SYSTEM, at=at)
    assert [one.state for one in items_about(first.threshold.subject)] == [
        ItemState.CARRIED,
        ItemState.WAITING,
    ]
    assert second.state == "proposed"


def test_a_proposal_without_a_meeting_gets_one_as_soon_as_one_fits(team, model, at):
    version = proposed(model, at)
    settle(at)
    assert not items_about(version.threshold.subject)

    series = make.series(team)
    agenda.build(make.planned(series), at=at)

    assert len(items_about(version.threshold.subject)) == 1


def test_a_proposed_acceptance_is_an_item_until_it_is_settled(team, model, at):
    make.series(team)
    risk = risks.risk(model=model, team=team, state=RiskState.ASSESSING)
    acceptance.propose(risk, until=UNTIL, reason="Small", by=SYSTEM, at=at)
    settle(at)

    (item,) = items_about(risk.subject)
    assert item.why.startswith("Acceptance proposed until 1 Jan 2027; ")
    assert item.purpose == "decide"

    risk.refresh_from_db()
    acceptance.withdraw(risk, by=SYSTEM, at=at)
    settle(at)

    (item,) = items_about(risk.subject)
    assert (item.state, item.why) == (ItemState.DONE, "The acceptance was withdrawn before the meeting")


def test_a_carried_item_leaves_when_the_acceptance_is_decided_outside_the_meeting(team, model, at):
    make.series(team)
    risk = risks.risk(model=model, team=team, state=RiskState.ASSESSING)
    acceptance.propose(risk, until=UNTIL, reason="Small", by=SYSTEM, at=at)
    settle(at)
    (item,) = items_about(risk.subject)
    item = carry.carry(item, by=SYSTEM, at=at)
    assert item.why.startswith("Carried over from M-")

    risk.refresh_from_db()
    acceptance.decline(risk, reason="It grows", by=SYSTEM, at=at)
    settle(at)

    item.refresh_from_db()
    assert (item.state, item.why) == (ItemState.DONE, "The acceptance was declined before the meeting")


def test_a_carried_item_that_a_person_added_stays_when_an_acceptance_is_decided(team, model, at):
    series = make.series(team)
    risk = risks.risk(model=model, team=team, state=RiskState.ASSESSING)
    item = items.add(make.planned(series), title="", about=risk.subject, why="Ana asks", by=SYSTEM, at=at)
    acceptance.propose(risk, until=UNTIL, reason="Small", by=SYSTEM, at=at)
    settle(at)
    item.refresh_from_db()
    item = carry.carry(item, by=SYSTEM, at=at)

    risk.refresh_from_db()
    acceptance.decline(risk, reason="It grows", by=SYSTEM, at=at)
    settle(at)

    item.refresh_from_db()
    assert (item.state, item.acceptance) == (ItemState.WAITING, None)


def test_an_item_that_was_made_for_an_acceptance_stays_once_it_is_escalated(team, model, at):
    make.series(team)
    risk = risks.risk(model=model, team=team, state=RiskState.ASSESSING)
    acceptance.propose(risk, until=UNTIL, reason="Small", by=SYSTEM, at=at)
    settle(at)
    (item,) = items_about(risk.subject)
    assert item.acceptance is not None
    subject_items.place_escalated(escalations.escalation(about=risk.subject), at=at)

    risk.refresh_from_db()
    acceptance.withdraw(risk, by=SYSTEM, at=at)
    settle(at)

    item.refresh_from_db()
    assert (item.state, item.acceptance) == (ItemState.WAITING, None)
    assert item.why.startswith("Escalated (E-")


def test_an_item_that_has_other_reasons_gets_this_one_and_loses_it_again(team, model, at):
    series = make.series(team)
    risk = risks.risk(model=model, team=team, state=RiskState.ASSESSING)
    items.add(make.planned(series), title="", about=risk.subject, why="Ana asks", by=SYSTEM, at=at)
    acceptance.propose(risk, until=UNTIL, reason="Small", by=SYSTEM, at=at)
    settle(at)

    (item,) = items_about(risk.subject)
    assert item.why == "Ana asks; Acceptance proposed until 1 Jan 2027"

    risk.refresh_from_db()
    acceptance.decline(risk, reason="It grows", by=SYSTEM, at=at)
    settle(at)

    (item,) = items_about(risk.subject)
    assert (item.state, item.why) == (ItemState.WAITING, "Ana asks")
