"""Decisions that take effect: by whom, on what, and all or nothing."""

from datetime import date, timedelta

import pytest

from actions.models import Action
from catalogue.states import RightKind
from history import operations as history
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import Decision, DecisionEffect
from meetings.operations import acceptance as logged
from meetings.operations import decision as decisions
from meetings.states import DecisionState
from people.states import Role
from risklog.models import Escalation
from risklog.operations import escalation_handlers
from risklog.operations import risk as risk_operations
from risklog.states import EscalationState, RiskState
from signals.operations import threshold as thresholds
from signals.states import Agreement
from tests.factories import actions, catalogue, people, risks
from tests.factories import meetings as make
from tests.factories import risklog_review as risklog
from tests.factories import signals as signal

pytestmark = pytest.mark.django_db
WHY = "The vendor needs two more weeks."
LATER = date(2026, 12, 18)


@pytest.fixture
def mia():
    return people.user("Mia", role=Role.RISK_MANAGER)


def decide(*effects, by, at, **fields):
    values = {"text": "Move it", "reason": WHY, **fields}
    return decisions.record(effects=effects, by=Actor(by, "page") if by else SYSTEM, at=at, **values)


def refused(*effects, by, at, **fields) -> Refused:
    with pytest.raises(Refused) as refusal:
        decide(*effects, by=by, at=at, **fields)
    assert not Decision.objects.exists()
    assert not DecisionEffect.objects.exists()
    return refusal.value


def late_action(at, owner, **fields):
    """An overdue action with an escalation."""
    action = actions.action("Cap the feature", owner=owner, due_on=at.date() - timedelta(days=3), **fields)
    event = history.record(action, "actions.action_overdue", by=SYSTEM, at=at)
    escalation_handlers.on_action_overdue(event, at=at)
    return action


def escalation_of(action):
    return Escalation.objects.get(about=action.subject)


def test_a_new_date_resolves_the_escalation_in_the_same_transaction(at):
    ana = people.user("Ana")
    action = late_action(at, ana)

    effect = {"kind": "change_action", "target": action.subject, "due_on": LATER}
    decision = decide(effect, by=ana, at=at, about=action.subject)

    action.refresh_from_db()
    assert action.due_on == LATER
    assert escalation_of(action).state == EscalationState.RESOLVED
    row = decision.effects.get()
    assert (row.kind, row.target, row.due_on) == ("change_action", action.subject, LATER)
    taken = Event.objects.get(verb="meetings.decision_taken")
    assert taken.data["effects"] == 1
    assert Event.objects.get(verb="actions.action_changed").cause == taken
    resolved = Event.objects.get(verb="risklog.escalation_resolved")
    assert (resolved.cause, resolved.actor) == (taken, ana.subject)


def test_a_new_owner_gets_the_action_and_its_sight(at):
    ana, jonas = people.user("Ana"), people.user("Jonas")
    action = late_action(at, ana)

    decide({"kind": "change_action", "target": action.subject, "owner": jonas}, by=ana, at=at)

    action.refresh_from_db()
    assert action.owner == jonas
    assert escalation_of(action).state == EscalationState.RESOLVED
    assert "Jonas" in escalation_of(action).reason


def test_what_a_person_escalated_too_stays_open(at, mia):
    ana = people.user("Ana")
    action = late_action(at, ana)
    risklog.escalation(about=action.subject, by=Actor(mia, "page"), why="Customers feel it.")

    decide({"kind": "change_action", "target": action.subject, "due_on": LATER}, by=ana, at=at)

    assert escalation_of(action).state != EscalationState.RESOLVED


def test_who_does_not_hold_the_right_changes_nothing_and_reads_who_does(at):
    action = late_action(at, people.user("Ana"))

    refusal = refused(
        {"kind": "change_action", "target": action.subject, "due_on": LATER},
        by=people.user("Stranger"),
        at=at,
        actions=[{"title": "Also this"}],
    )

    assert refusal.field == "effects[0].kind"
    assert "held by its owner, the owner's teams, risk managers" in refusal.message
    action.refresh_from_db()
    assert action.due_on != LATER
    assert Action.objects.count() == 1
    assert escalation_of(action).state != EscalationState.RESOLVED


@pytest.mark.parametrize("scope", ["model", "team", "organisation"])
def test_the_holder_of_the_decision_right_may(at, scope):
    team = people.team()
    model = catalogue.model(owner_team=team)
    risk = risks.risk(model=model)
    nia = people.user("Nia")
    named = {"model": {"model": model}, "team": {"team": team}, "organisation": {}}[scope]
    catalogue.right(RightKind.DATA_QUALITY, person=nia, **named)
    action = late_action(at, people.user("Ana"), about=risk.subject)
    risk.category.kind = "data_quality"
    risk.category.save(update_fields=["kind"])

    decide({"kind": "change_action", "target": action.subject, "due_on": LATER}, by=nia, at=at)

    action.refresh_from_db()
    assert action.due_on == LATER


def proposal(**fields):
    series = signal.series()
    return thresholds.propose(series, warning=0.3, reason="Less noise", by=SYSTEM, at=fields.pop("at"))


def test_a_decision_agrees_a_threshold_version(at, mia):
    version = proposal(at=at)
    target = version.threshold.subject

    decision = decide({"kind": "agree_threshold", "target": target}, by=mia, at=at)

    version.refresh_from_db()
    assert (version.state, version.agreed_in, version.agreed_by) == (
        Agreement.ACTIVE,
        decision.subject,
        mia,
    )
    assert decision.effects.get().threshold_version == version


def test_the_right_holder_agrees_a_threshold_also_on_its_page(client, at):
    people.organisation()
    nia, other = people.user("Nia"), people.user("Other")
    catalogue.right(RightKind.MODEL_CHANGE, person=nia)
    version = proposal(at=at)
    address = f"/signals/versions/{version.pk}/agree/"

    client.force_login(other)
    assert client.post(address, {"version": 1}).status_code == 403
    client.force_login(nia)
    assert client.post(address, {"version": 1}).status_code == 303

    version.refresh_from_db()
    assert version.state == Agreement.ACTIVE


def test_of_several_proposals_one_is_named(at, mia):
    version = proposal(at=at)
    second = thresholds.propose(version.threshold, warning=0.4, reason="Even less", by=SYSTEM, at=at)
    effect = {"kind": "agree_threshold", "target": version.threshold.subject}

    assert refused(effect, by=mia, at=at).field == "effects[0].number"
    assert refused({**effect, "number": 9}, by=mia, at=at).field == "effects[0].number"
    decide({**effect, "number": second.number}, by=mia, at=at)

    second.refresh_from_db()
    assert second.state == Agreement.ACTIVE


def test_an_acceptance_that_a_decision_gives_is_logged_once_and_ends_with_it(at, mia):
    risk = risks.risk(state=RiskState.ASSESSING)
    risk_operations.propose(risk, until=LATER, reason="Small", by=SYSTEM, at=at)

    decision = decide({"kind": "accept_risk", "target": risk.subject}, by=mia, at=at, about=risk.subject)
    event = Event.objects.get(verb="risklog.risk_accepted")
    logged.on_acceptance_changed(event, at=at)

    risk.refresh_from_db()
    assert (risk.state, risk.accepted_until) == (RiskState.ACCEPTED, LATER)
    assert Decision.objects.get() == decision
    assert risk.acceptances.get() == decision.acceptance

    risk_operations.reopen(risk, reason="It grew", by=SYSTEM, at=at)
    logged.on_acceptance_changed(event, at=at)

    decision.refresh_from_db()
    assert decision.state == DecisionState.ENDED


def test_the_proposer_and_the_owner_do_not_accept_by_a_decision_either(at, mia):
    risk = risks.risk(state=RiskState.ASSESSING, owner=mia)
    boss = people.user("Boss", role=Role.RISK_MANAGER)
    risk_operations.propose(risk, until=LATER, reason="Small", by=Actor(boss, "page"), at=at)
    effect = {"kind": "accept_risk", "target": risk.subject}

    for person in (mia, boss):
        assert refused(effect, by=person, at=at).field == "effects[0].kind"


def test_an_acceptance_needs_a_proposal_and_its_date(at, mia):
    risk = risks.risk(state=RiskState.ASSESSING)
    effect = {"kind": "accept_risk", "target": risk.subject}
    assert refused(effect, by=mia, at=at).field == "effects[0].target"

    risk_operations.propose(risk, until=LATER, reason="Small", by=SYSTEM, at=at)

    later = {**effect, "until": LATER + timedelta(days=1)}
    assert refused(later, by=mia, at=at).field == "effects[0].until"


def test_only_a_new_decision_undoes_an_acceptance(at, mia):
    risk = risks.risk(state=RiskState.ASSESSING)
    risk_operations.propose(risk, until=LATER, reason="Small", by=SYSTEM, at=at)
    first = decide({"kind": "accept_risk", "target": risk.subject}, by=mia, at=at)
    other = make.decision()

    with pytest.raises(Refused, match="ends the acceptance"):
        decisions.replace(first, with_=other, by=SYSTEM, at=at)
    second = decide({"kind": "end_acceptance", "target": risk.subject}, by=mia, at=at, replaces=first)

    first.refresh_from_db()
    risk.refresh_from_db()
    assert (first.state, first.replaced_by) == (DecisionState.REPLACED, second)
    assert risk.state == RiskState.ASSESSING


def test_a_mitigation_is_adopted_with_its_action(at, mia):
    risk = risks.risk(state=RiskState.ASSESSING, owner=people.user())
    effect = {"kind": "adopt_mitigation", "target": risk.subject, "treatment": "transfer"}
    assert refused(effect, by=mia, at=at, no_action_reason="None").field == "effects[0].target"

    decide(effect, by=mia, at=at, about=risk.subject, actions=[{"title": "Insure it"}])

    risk.refresh_from_db()
    assert (risk.state, risk.treatment) == (RiskState.TREATING, "transfer")


def test_a_refused_step_of_a_lower_room_undoes_the_whole_decision(at, mia):
    without_owner = risks.risk(state=RiskState.ASSESSING)
    action = late_action(at, mia)

    refusal = refused(
        {"kind": "change_action", "target": action.subject, "due_on": LATER},
        {"kind": "adopt_mitigation", "target": without_owner.subject},
        by=mia,
        at=at,
        actions=[{"title": "Do"}],
    )

    assert refusal.field == "effects[1].owner"
    action.refresh_from_db()
    assert action.due_on != LATER


def test_an_escalation_is_resolved_by_whom_it_was_escalated_to(at):
    ana, stranger = people.user("Ana"), people.user()
    escalation = risklog.escalation(about=late_action(at, ana).subject)
    effect = {"kind": "resolve_escalation", "target": escalation.subject}
    assert refused(effect, by=stranger, at=at).field == "effects[0].kind"

    decide(effect, by=people.user(role=Role.RISK_MANAGER), at=at)

    escalation.refresh_from_db()
    assert (escalation.state, escalation.reason) == (EscalationState.RESOLVED, WHY)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("effects[0].kind", {"kind": "launch"}),
        ("effects[0].due_on", {"kind": "change_action"}),
        ("effects[0].target", {"kind": "resolve_escalation"}),
        ("effects[0].target", {"kind": "accept_risk"}),
        ("effects[0].target", {"kind": "agree_threshold"}),
    ],
)
def test_a_wrong_effect_is_refused_by_field(field, values, at, mia):
    action = actions.action(owner=mia)

    assert refused({"target": action.subject, **values}, by=mia, at=at).field == field


def test_an_effect_comes_once_and_changes_something(at, mia):
    action = actions.action(owner=mia, due_on=LATER)
    same = {"kind": "change_action", "target": action.subject, "due_on": LATER}
    moved = {**same, "due_on": LATER + timedelta(days=7)}

    assert refused(same, by=mia, at=at).field == "effects[0].due_on"
    assert refused(moved, moved, by=mia, at=at).field == "effects[1].target"
