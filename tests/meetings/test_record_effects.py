"""Effects of decisions in the record bar: what a line says, who may, and what it changes."""

from datetime import date

import pytest
from django.urls import reverse

from actions.models import Action
from actions.operations import action as actions
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import Decision
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.record_line import LineEffects, LineKind, RecordLine, read
from people.states import Role
from risklog.operations import acceptance
from risklog.states import RiskState
from signals.operations import threshold as thresholds
from tests.factories import catalogue, people, risks
from tests.factories import meetings as make
from tests.factories import risklog_review as escalations
from tests.factories import signals as signal

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
WEDNESDAY = date(2026, 11, 25)
UNTIL = date(2027, 1, 1)


# ------------------------------------------------------------------ the line


def decision(line: str) -> RecordLine:
    return read(line, LineKind.DECISION, today=WEDNESDAY)


@pytest.mark.parametrize(
    ("marks", "effects"),
    [
        ("!due 18 dec", LineEffects(due_on=date(2026, 12, 18))),
        ("!DUE by Friday", LineEffects(due_on=date(2026, 11, 27))),
        ("!owner @Ana-Moreau", LineEffects(handle="ana-moreau")),
        ("!due fri !owner @ana", LineEffects(due_on=date(2026, 11, 27), handle="ana")),
        ("!owner @ana !due fri", LineEffects(due_on=date(2026, 11, 27), handle="ana")),
        ("!agree", LineEffects(is_agreed=True)),
        ("!agree 2", LineEffects(is_agreed=True, number=2)),
        ("!accept", LineEffects(is_accepted=True)),
        ("!accept until 5 dec", LineEffects(is_accepted=True, until=date(2026, 12, 5))),
        ("!mitigate", LineEffects(treatment="mitigate")),
        ("!avoid", LineEffects(treatment="avoid")),
        ("!transfer !resolve", LineEffects(treatment="transfer", is_resolved=True)),
        ("!reopen", LineEffects(is_ended=True)),
    ],
)
def test_effects_follow_the_text_with_the_reason_on_either_side(marks, effects):
    assert decision(f"Move it {marks}") == RecordLine("Move it", effects=effects)
    assert decision(f"Move it {marks} because it is late") == RecordLine(
        "Move it", reason="it is late", effects=effects
    )
    assert decision(f"Move it because it is late {marks}") == RecordLine(
        "Move it", reason="it is late", effects=effects
    )
    assert decision(f"Move it @wei in 2 weeks {marks}") == RecordLine(
        "Move it", "wei", date(2026, 12, 9), effects=effects
    )


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("Move it !due", "date after !due"),
        ("Move it !due the fair", "date after !due"),
        ("Move it !due next fri", "Fri 27 Nov or Fri 4 Dec"),
        ("Move it !due 20 nov", "is past"),
        ("Move it !owner", "one person after !owner"),
        ("Move it !owner ana", "one person after !owner"),
        ("Move it !owner @ana @wei", "one person after !owner"),
        ("Move it !agree with it", "nothing after !agree"),
        ("Move it !accept for now", "nothing after !accept"),
        ("Move it !dew fri", "“!dew” is no effect"),
        ("Move it !due fri !due mon", "Write !due once"),
        ("Move it because a !due fri because b", "one reason"),
        ("!due fri", "Enter what to record"),
        ("Move it !mitigate it", "“it” after !mitigate is not understood"),
        ("Move it !resolve for good", "“for good” after !resolve is not understood"),
        ("Move it !avoid !transfer", "Write one of !mitigate, !transfer and !avoid"),
    ],
)
def test_a_line_that_is_not_understood_says_how_to_write_it(line, fix):
    with pytest.raises(Refused) as refusal:
        decision(line)

    assert refusal.value.field == "line"
    assert fix in refusal.value.message


@pytest.mark.parametrize("kind", [LineKind.ACTION, LineKind.RISK])
def test_only_a_decision_has_effects(kind):
    with pytest.raises(Refused, match="Choose Decision, or leave !due out"):
        read("Move it !due fri", kind, today=WEDNESDAY)
    assert read("Say hello! now", kind, today=WEDNESDAY).text == "Say hello! now"


def test_an_exclamation_mark_elsewhere_and_a_parked_line_stay_as_typed():
    assert decision("Stop! Then ship").text == "Stop! Then ship"
    assert read("Move it !due fri", LineKind.PARK, today=WEDNESDAY).text == "Move it !due fri"


# ------------------------------------------------------------------ in a meeting


class Bar:
    """The record bar of a live meeting on Wednesday."""

    def __init__(self, client, move_clock):
        people.organisation()
        self.client = client
        self.team, (self.ana, self.ben) = make.crew()
        self.model = catalogue.model(owner_team=self.team)
        planned = make.planned(make.series(self.team))
        self.at = planned.starts_at
        move_clock(self.at)
        self.meeting = meetings.start(planned, by=Actor(self.ana, "page"), at=self.at)
        self.boss = people.user("Mia", role=Role.RISK_MANAGER)
        self.item = None

    def on(self, subject):
        self.item = items.take_up(make.item(self.meeting, about=subject), by=SYSTEM, at=self.at)

    def action(self, owner=None):
        made = actions.add(title="Cap it", owner=owner or self.ben, due_on=WEDNESDAY, by=SYSTEM, at=self.at)
        self.on(made.subject)
        return made

    def threshold(self, number=1):
        about = signal.series(self.model)
        for limit in range(number):
            fields = {"reason": "Less noise", "by": Actor(self.ana, "page"), "at": self.at}
            version = thresholds.propose(about, warning=0.3 + limit / 10, **fields)
            about = version.threshold
        self.on(version.threshold.subject)
        return version

    def risk(self, **fields):
        risk = risks.risk(model=self.model, team=self.team, state=RiskState.ASSESSING, **fields)
        acceptance.propose(risk, until=UNTIL, reason="Small", by=Actor(self.ana, "page"), at=self.at)
        risk.refresh_from_db()
        self.on(risk.subject)
        return risk

    def record(self, person, line, headers=HTMX):
        self.client.force_login(person)
        said = {"record_as": "decision", "line": line, "once": line}
        return self.client.post(reverse("meetings:item_record", args=[self.item.pk]), said, headers=headers)

    def page(self, person) -> str:
        self.client.force_login(person)
        found = self.client.get(reverse("meetings:meeting_live", args=[self.meeting.reference]))
        return " ".join(found.content.decode().split())


@pytest.fixture
def bar(client, move_clock):
    return Bar(client, move_clock)


def test_a_decision_gives_the_action_of_the_item_another_date_and_owner(bar):
    action = bar.action()

    answer = bar.record(bar.ben, f"More time !due 18 dec !owner @{bar.ana.handle} because they wait")

    assert answer.status_code == 200, answer.content.decode()
    assert "recorded" in answer.headers["HX-Trigger"]
    action.refresh_from_db()
    assert (action.due_on, action.owner) == (date(2026, 12, 18), bar.ana)
    taken = Decision.objects.get()
    effect = taken.effects.get()
    assert (taken.text, taken.reason, taken.is_incomplete) == ("More time", "they wait", False)
    assert (effect.kind, effect.due_on, effect.owner) == ("change_action", date(2026, 12, 18), bar.ana)
    assert Action.objects.count() == 1
    shown = f"New date or owner of an action: {action.reference} due 18 December 2026, owner {bar.ana.name}"
    assert shown in bar.page(bar.ben)


def test_the_decider_agrees_to_the_proposed_version(bar):
    version = bar.threshold()

    assert bar.record(bar.boss, "The lower limit !agree because it is quieter").status_code == 200

    version.refresh_from_db()
    assert (version.state, version.agreed_by) == ("active", bar.boss)
    assert Decision.objects.get().effects.get().threshold_version == version


def test_one_of_several_versions_is_named_by_its_number(bar):
    version = bar.threshold(number=2)

    refused = bar.record(bar.boss, "The lower limit !agree")
    assert refused.status_code == 422
    assert "!agree may mean version 1 of" in refused.content.decode()
    assert bar.record(bar.boss, "The lower limit !agree 2").status_code == 200

    version.refresh_from_db()
    assert (version.number, version.state) == (2, "active")


@pytest.mark.parametrize(("marks", "until"), [("!accept", UNTIL), ("!accept until 5 dec", date(2026, 12, 5))])
def test_the_decider_accepts_the_risk_as_proposed_or_until_an_earlier_date(bar, marks, until):
    risk = bar.risk()

    answer = bar.record(bar.boss, f"We live with it {marks} because it is small")

    assert answer.status_code == 200, answer.content.decode()
    risk.refresh_from_db()
    assert (risk.state, risk.accepted_until) == (RiskState.ACCEPTED, until)


@pytest.mark.parametrize("treatment", ["mitigate", "transfer", "avoid"])
def test_a_decision_starts_the_treatment_of_the_risk_with_an_action_of_the_same_words(bar, treatment):
    risk = bar.risk(owner=bar.ben)

    answer = bar.record(bar.boss, f"Cap the feature @{bar.ana.handle} fri !{treatment} because it drifts")

    assert answer.status_code == 200, answer.content.decode()
    risk.refresh_from_db()
    assert (risk.state, risk.treatment) == (RiskState.TREATING, treatment)
    action = Action.objects.get()
    assert (action.title, action.owner, action.due_on) == ("Cap the feature", bar.ana, date(2026, 11, 27))


def test_a_decision_ends_the_acceptance_of_the_risk(bar):
    risk = bar.risk()
    bar.record(bar.boss, "We live with it !accept because it is small")

    answer = bar.record(bar.boss, "We do not live with it any more !reopen because it grew")

    assert answer.status_code == 200, answer.content.decode()
    risk.refresh_from_db()
    assert (risk.state, risk.accepted_until) == (RiskState.ASSESSING, None)
    kinds = [taken.effects.get().kind for taken in Decision.objects.order_by("id")]
    assert kinds == ["accept_risk", "end_acceptance"]


def test_a_decision_resolves_the_escalation_of_the_item(bar):
    escalation = escalations.escalation(about=bar.action().subject)
    hint = f"Add !resolve because … to resolve {escalation.reference}."
    assert hint in bar.page(bar.boss)

    answer = bar.record(bar.boss, "The vendor answered !resolve because the labels are back")

    assert answer.status_code == 200, answer.content.decode()
    escalation.refresh_from_db()
    assert (escalation.state, escalation.reason) == ("resolved", "the labels are back")
    assert hint not in bar.page(bar.boss)


@pytest.mark.parametrize(
    ("about", "line", "holder"),
    [
        ("action", "More time !due 18 dec", "its owner"),
        ("threshold", "The lower limit !agree", "risk managers"),
        ("risk", "We live with it !accept", "risk managers who neither own"),
    ],
)
def test_without_the_right_nothing_is_recorded_and_the_holder_is_named(bar, about, line, holder):
    obj = bar.action(owner=people.user("Olu")) if about == "action" else getattr(bar, about)()

    answer = bar.record(bar.ana, line)

    said = answer.content.decode()
    assert answer.status_code == 422
    assert "You do not hold the right to this. It is held by" in said
    assert holder in said
    assert "Without the “!” the line records the decision alone." in said
    assert not Decision.objects.exists()
    state = obj.due_on if about == "action" else obj.state
    obj.refresh_from_db()
    assert (obj.due_on if about == "action" else obj.state) == state
    kept = bar.record(bar.ana, line, headers={})
    assert f'value="{line}"' in kept.content.decode()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Move it !due fri", "!due or !owner needs an open action, and this item has none"),
        ("Move it !agree", "!agree needs a proposed version of a threshold"),
        ("Move it !reopen because it grew", "!reopen needs an accepted risk, and this item has none"),
        ("Move it !resolve because it is done", "!resolve needs an open escalation"),
        ("Move it !resolve", "!resolve needs the reason: write “because …” after it"),
        ("Move it !mitigate", "Add the action that mitigates the risk"),
        ("Move it !accept until 5 mar", "Choose 1 January 2027 or an earlier date"),
        ("Move it !due fri !owner @nobody", "Nobody has the handle @nobody"),
        ("Move it !dew fri", "“!dew” is no effect"),
    ],
)
def test_a_line_with_an_effect_that_does_not_fit_records_nothing(bar, line, said):
    risk = bar.risk()

    answer = bar.record(bar.boss, line)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Decision.objects.exists()
    risk.refresh_from_db()
    assert risk.state == RiskState.ASSESSING


def test_the_hint_names_only_the_effects_of_the_reader(bar):
    action = bar.action(owner=people.user("Olu"))
    hint = f"Add !due fri or !owner @who to change {action.reference}."
    assert hint in bar.page(bar.boss)
    assert hint not in bar.page(bar.ana)
    assert hint in bar.record(bar.boss, "We discuss it again").content.decode()

    bar.threshold()
    assert "Add !agree to agree to version 1." in bar.page(bar.boss)
    risk = bar.risk()
    assert f"Add !accept to accept {risk.reference} as proposed." in bar.page(bar.boss)
    assert "Add !accept" not in bar.page(bar.ana)
