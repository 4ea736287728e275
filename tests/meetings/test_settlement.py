"""Proposals are contested, or agreed to in one step, before the meeting starts."""

import threading

import pytest
from django.db import connection

from catalogue.states import RightKind
from history import relay
from history.models import Event
from history.relay import act_on_dues
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from meetings.models import AgendaItem, Contest, Decision, Meeting
from meetings.operations import agenda, placement, settlement
from meetings.operations import meeting as meetings
from meetings.states import ItemOutcome, ItemState
from people.states import Role
from risklog.operations import acceptance
from risklog.states import RiskState
from signals.operations import threshold as thresholds
from tests.factories import catalogue, people
from tests.factories import meetings as make
from tests.factories import risklog_review as risklog
from tests.factories.settlement import UNTIL, Before, act

pytestmark = pytest.mark.django_db


@pytest.fixture
def before(at):
    return Before(at).publish()


def relay_all(at):
    for _ in range(4):
        relay.relay(at=at)


def test_one_press_agrees_to_everything_uncontested_with_a_decision_for_each(before, at):
    agreed = before.settle(before.boss)
    relay_all(at)

    before.version.refresh_from_db()
    before.risk.refresh_from_db()
    assert (before.version.state, before.version.agreed_by) == ("active", before.boss)
    assert (before.risk.state, before.risk.accepted_until) == (RiskState.ACCEPTED, UNTIL)
    for obj in (before.version, before.risk):
        row = before.item(obj)
        assert (row.state, row.outcome, row.settled_by) == (
            ItemState.SETTLED,
            ItemOutcome.DECIDED,
            before.boss,
        )
    decisions = list(Decision.objects.order_by("id"))  # the handlers log no second one
    assert decisions == [decision for _, decision in agreed]
    assert {one.meeting for one in decisions} == {before.meeting}
    assert all(one.is_before_meeting and one.recorded_by == before.boss for one in decisions)
    assert decisions[0].text == f"Agree to version 1 of {before.version.threshold.name}: warning above 0.3"
    reason = f"Nobody contested the proposal before {before.meeting.reference}. Why it was proposed: Small"
    assert decisions[1].reason == reason
    assert not Meeting.objects.get(pk=before.meeting.pk).started_at


def test_nothing_is_agreed_without_the_press(before, at):
    meetings.start(before.meeting, by=SYSTEM, at=before.meeting.starts_at)
    relay_all(before.meeting.starts_at)

    assert not Decision.objects.exists()
    assert before.item(before.version).state == ItemState.WAITING


def test_a_contested_proposal_stays_until_the_contest_is_withdrawn(before, at):
    contest = before.contest(before.version, before.ben, " It triggers too late ")

    (proposal,) = before.seen_by(before.boss).contested
    assert [(one.user, one.reason) for one in proposal.contests] == [(before.ben, "It triggers too late")]
    assert [one.row for one, _ in before.settle(before.boss)] == [before.risk.acceptances.get()]
    assert before.item(before.version).state == ItemState.WAITING

    settlement.withdraw(contest, by=act(before.ben), at=at)

    assert [one.row for one, _ in before.settle(before.boss)] == [before.version]
    verbs = Event.objects.filter(subject=before.version.threshold.subject).values_list("verb", flat=True)
    assert {"meetings.item_contested", "meetings.contest_withdrawn"} <= set(verbs)


def test_contests_have_one_author_a_reason_and_can_be_made_again(before, at):
    with pytest.raises(Refused) as blank:
        before.contest(before.version, before.ben, "  ")
    assert blank.value.field == "reason"
    first = before.contest(before.version, before.ben)
    with pytest.raises(Refused, match="You contested this already"):
        before.contest(before.version, before.ben)
    with pytest.raises(Refused, match="Only the person who contested"):
        settlement.withdraw(first, by=act(before.boss), at=at)
    settlement.withdraw(first, by=act(before.ben), at=at)
    with pytest.raises(Refused, match="You took this back already"):
        settlement.withdraw(first, by=act(before.ben), at=at)
    before.contest(before.version, before.ben, "Still")

    assert Contest.objects.count() == 2


def test_only_who_decides_agrees_and_only_to_that(before):
    holder = people.user("Nia")
    catalogue.right(RightKind.MODEL_CHANGE, model=before.model, person=holder)

    with pytest.raises(Refused, match="no uncontested proposal that you decide"):
        before.settle(before.ben)
    assert "Nia" in before.seen_by(before.ben).proposals[0].right.holders
    agreed = before.settle(holder)

    assert [one.row for one, _ in agreed] == [before.version]
    assert before.item(before.risk).state == ItemState.WAITING


@pytest.mark.parametrize("is_owner", [True, False])
def test_owners_and_proposers_do_not_accept_their_own_risk(before, is_owner):
    own = before.acceptance(owner=before.boss) if is_owner else before.acceptance(by=before.boss)

    agreed = before.settle(before.boss)

    assert {one.item.about_id for one, _ in agreed} == {
        before.version.threshold.subject_id,
        before.risk.subject_id,
    }
    assert before.item(own).state == ItemState.WAITING


def test_it_opens_with_the_published_agenda_and_closes_with_the_start(at):
    before = Before(at)
    with pytest.raises(IllegalMove, match="not published"):
        before.settle(before.boss)
    contest = before.publish().contest(before.version, before.ben)
    meetings.start(before.meeting, by=SYSTEM, at=before.meeting.starts_at)

    for late in (
        lambda: before.settle(before.boss),
        lambda: before.contest(before.risk, before.ben),
        lambda: settlement.withdraw(contest, by=act(before.ben), at=at),
    ):
        with pytest.raises(IllegalMove, match="The meeting has started"):
            late()
    assert not before.seen_by(before.boss).proposals


def test_a_press_agrees_only_to_the_list_that_its_author_saw(before):
    seen = before.seen_by(before.boss).digest
    before.contest(before.version, before.ben)

    with pytest.raises(ChangedMeanwhile, match="has changed since you opened"):
        before.settle(before.boss, digest=seen)
    assert not Decision.objects.exists()

    assert len(before.settle(before.boss, digest=before.seen_by(before.boss).digest)) == 1


def test_a_proposal_that_was_settled_elsewhere_is_not_agreed_again(before, at):
    seen = before.seen_by(before.boss).digest
    thresholds.decline(before.version, reason="Too strict", by=act(before.boss), at=at)

    with pytest.raises(ChangedMeanwhile):
        before.settle(before.boss, digest=seen)
    with pytest.raises(Refused, match="no proposal that can be settled"):
        before.contest(before.version, before.ben)


def test_one_that_cannot_be_agreed_undoes_the_others(before, at, monkeypatch):
    def broken(*args, **kwargs):
        raise Refused("The risk is locked.")

    monkeypatch.setattr(acceptance, "accept", broken)
    with pytest.raises(
        Refused, match=r"Accept R-\d+ until 1 January 2027: .*The risk is locked\. Nothing was"
    ):
        before.settle(before.boss)

    before.version.refresh_from_db()
    assert before.version.state == "proposed"
    assert not Decision.objects.exists()


def test_a_threshold_with_several_proposed_versions_is_left_to_the_meeting(before, at):
    thresholds.propose(before.version.threshold, warning=0.4, reason="Even less", by=SYSTEM, at=at)

    assert [one.row for one in before.seen_by(before.boss).proposals] == [before.risk.acceptances.get()]


def test_a_risk_that_is_escalated_or_that_a_person_put_on_the_agenda_is_left_to_the_meeting(before, at):
    asked = before.acceptance(adder=before.ben)
    escalated = before.acceptance()
    risklog.escalation(about=escalated.subject, at=at)

    rows = [one.row for one in before.seen_by(before.boss).proposals]

    assert rows == [before.version, before.risk.acceptances.get()]
    assert before.item(asked).state == before.item(escalated).state == ItemState.WAITING


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("name", ["version", "risk"])
def test_a_proposal_is_found_however_often_it_was_carried_over(before, name, times):
    obj = getattr(before, name)
    for _ in range(times):
        before.carry(obj)

    ((proposal, decision),) = before.settle(before.boss)

    assert (proposal.item.times_carried, decision.meeting) == (times, before.meeting)
    assert before.item(obj).state == ItemState.SETTLED
    obj.refresh_from_db()
    assert obj.state in ("active", RiskState.ACCEPTED)


def test_a_carried_risk_whose_acceptance_was_withdrawn_has_nothing_to_settle(before, at):
    before.carry(before.risk).carry(before.risk)
    assert [one.row.risk for one in before.seen_by(before.boss).agreeable] == [before.risk]
    before.risk.refresh_from_db()
    acceptance.withdraw(before.risk, by=act(before.ana), at=at)

    assert not before.seen_by(before.boss).proposals
    with pytest.raises(Refused, match="no proposal that can be settled"):
        before.contest(before.risk, before.ben)


def test_a_carried_threshold_whose_version_was_agreed_has_nothing_to_settle(before, at):
    before.carry(before.version).carry(before.version)
    assert [one.row for one in before.seen_by(before.boss).agreeable] == [before.version]
    thresholds.agree(before.version, by=act(before.boss), at=at)

    assert not before.seen_by(before.boss).proposals
    with pytest.raises(Refused, match="no uncontested proposal"):
        before.settle(before.boss)


def test_an_acceptance_whose_date_has_passed_says_so_and_blocks_nothing(before, move_clock):
    before.at = make.a_week(before.at, 10)

    shown = before.seen_by(before.boss)

    assert [one.problem for one in shown.proposals] == ["", "Choose a date in the future."]
    assert [one.row for one in shown.agreeable] == [before.version]


def test_a_restricted_proposal_does_not_exist_for_others(before, at):
    outsider = people.user("Olu", role=Role.RISK_MANAGER)
    insider = people.user("Ida", role=Role.RISK_MANAGER, teams=[before.team])
    secret = before.acceptance(viewers=[before.team.subject_id], title="Quiet leak")

    assert [one.row.risk for one in before.seen_by(insider).agreeable if one.row != before.version] == [
        before.risk,
        secret,
    ]
    assert len(before.seen_by(outsider).proposals) == 2
    with pytest.raises(Refused, match="no proposal that can be settled"):
        before.contest(secret, outsider)
    assert len(before.settle(outsider)) == 2
    assert len(before.settle(insider)) == 1


def test_a_new_proposal_brings_a_settled_item_back(before, at):
    before.settle(before.boss)
    thresholds.propose(before.version.threshold, warning=0.5, reason="Again", by=SYSTEM, at=at)
    values = {"why": "Waits for agreement"}
    subject, rank = before.version.threshold.subject, placement.Rank.ACCEPTANCE
    placement.put(before.meeting, subject, values, rank, by=SYSTEM, at=at, cause=None)

    row = before.item(before.version)
    assert (row.state, row.outcome) == (ItemState.WAITING, "")
    assert [one.row.number for one in before.seen_by(before.boss).proposals] == [2]


def test_a_settled_item_takes_no_time_and_is_not_carried_over(before, at):
    before.settle(before.boss)
    start = before.meeting.starts_at
    meeting = meetings.start(Meeting.objects.get(pk=before.meeting.pk), by=SYSTEM, at=start)
    meetings.close(meeting, by=SYSTEM, at=meeting.ends_at)

    states = set(AgendaItem.objects.filter(about=before.risk.subject).values_list("state", flat=True))
    assert states == {ItemState.SETTLED}


def test_the_real_publication_opens_it(at):
    before = Before(at)
    due_at = before.meeting.starts_at - agenda.PUBLISHED_BEFORE
    act_on_dues(at=due_at)
    before.meeting.refresh_from_db()

    assert len(before.seen_by(before.boss).agreeable) == 2


@pytest.mark.django_db(transaction=True)
def test_two_people_who_agree_at_once_agree_once(at):
    before = Before(at).publish()
    second = people.user("Moe", role=Role.RISK_MANAGER)
    outcomes, gate = [], threading.Barrier(2)

    def press(person):
        digest = before.seen_by(person).digest
        gate.wait(10)
        try:
            outcomes.append(len(before.settle(person, digest=digest)))
        except ChangedMeanwhile as changed:
            outcomes.append(changed.message)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(person,)) for person in (before.boss, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(map(str, outcomes)) == [
        "2",
        "What you can agree to has changed since you opened this page. Check the list and press again.",
    ]
    assert Decision.objects.count() == 2
