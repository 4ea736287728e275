"""The operations of risks."""

from datetime import date, timedelta

import pytest

from history import operations as history
from history.models import Due, Event
from history.queries import rebuilt
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.states import Role
from risklog.models import Risk
from risklog.operations import risk, taxonomy
from risklog.states import RiskState, Treatment
from signals.models import BreachGroup
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db


def verbs(found):
    return list(
        Event.objects.filter(subject_id=found.subject_id).order_by("id").values_list("verb", flat=True)
    )


def group(at, *, kind="drift", level=2, model=None, viewers=None):
    found = BreachGroup(
        cause_key=f"k{kind}",
        title="Credit PD: psi above 0.25",
        model=model,
        kind=kind,
        level=level,
        opened_at=at,
    )
    history.record(found, "signals.breach_group_opened", by=SYSTEM, at=at, viewers=viewers)
    return found


def test_add_creates_an_open_scored_and_recorded_risk(at):
    ana = people.user("Ana")

    found = risks.risk(person=ana, likelihood=4, impact=5)

    found.refresh_from_db()
    assert (found.state, found.severity, found.raised_by) == (RiskState.OPEN, 20, ana)
    assert found.review_on == at.date() + timedelta(days=14)
    assert found.reference.startswith("R-")
    assert verbs(found) == ["risklog.risk_opened"]


def test_add_takes_the_team_of_the_model():
    team = people.team()

    found = risks.risk(model=risks.model(team=team))

    assert found.team == team


def test_unnamed_raising_hides_the_raiser_but_history_knows():
    ana = people.user("Ana")

    found = risks.risk(person=ana, is_unnamed=True)

    event = Event.objects.get(subject_id=found.subject_id)
    assert found.raised_by is None
    assert event.shown_actor is None
    assert event.actor_id == ana.subject_id


@pytest.mark.parametrize(
    ("values", "field"),
    [({"title": " "}, "title"), ({"likelihood": 6}, "likelihood"), ({"impact": 0}, "impact")],
)
def test_add_refuses_by_field(values, field):
    with pytest.raises(Refused) as refusal:
        risks.risk(**{"title": "x", **values})
    assert refusal.value.field == field


def test_add_refuses_a_retired_category(at):
    old = risks.category("label-noise")
    taxonomy.retire(old, by=SYSTEM, at=at)
    with pytest.raises(Refused, match="retired"):
        risks.risk(category=old)


def test_a_risk_about_a_restricted_model_is_restricted_too():
    ana, team = people.user(), people.team()
    model = risks.model(viewers=[team.subject_id])

    found = risks.risk(model=model, person=ana)

    assert found.subject.viewers == sorted([team.subject_id, ana.subject_id])


def test_add_from_breach_is_filled_in_and_made_once(at):
    team = people.team()
    risks.category()
    seen = group(at, model=risks.model(team=team))

    first = risk.add_from_breach(seen, by=SYSTEM, at=at)
    second = risk.add_from_breach(seen, by=SYSTEM, at=at)

    assert first.pk == second.pk
    assert (first.category.slug, first.team, first.likelihood, first.impact) == ("data-drift", team, 4, 4)
    assert seen.reference in first.description


def test_add_from_breach_refuses_a_breach_without_a_suitable_category(at):
    with pytest.raises(Refused) as refusal:
        risk.add_from_breach(group(at, kind="latency"), by=SYSTEM, at=at)
    assert refusal.value.field == "category"


def test_a_change_records_a_new_level_and_is_no_review(at):
    found = risks.risk(likelihood=2, impact=2)
    later = at + timedelta(days=3)

    risk.change(found, {"likelihood": 5, "impact": 5, "title": "Worse"}, by=SYSTEM, at=later, seen=1)

    found.refresh_from_db()
    event = Event.objects.get(subject_id=found.subject_id, verb="risklog.risk_changed")
    assert (found.confirmations, found.severity, found.updated_at) == (0, 25, later)
    assert found.review_on == later.date() + timedelta(days=14)
    assert event.data["level"] == [2, 5]
    assert found.subject.title == "Worse"


@pytest.mark.parametrize(
    ("present", "values", "due_in"),
    [
        (40, {"title": "Another"}, 40),
        (40, {"likelihood": 1, "impact": 1}, 40),
        (40, {"likelihood": 5, "impact": 5}, 14),
        (9, {"likelihood": 5, "impact": 5}, 9),
        (None, {"title": "Another"}, 60),
        (40, {"likelihood": 5, "impact": 5, "review_on": 40}, 40),
        (40, {"likelihood": 5, "impact": 5, "review_on": 90}, 90),
    ],
)
def test_a_change_keeps_the_review_date_unless_a_higher_level_asks_for_an_earlier_one(
    at, present, values, due_in
):
    def day(number):
        return None if number is None else at.date() + timedelta(days=number)

    found = risks.risk(likelihood=3, impact=3)
    Risk.objects.filter(pk=found.pk).update(review_on=day(present))
    found.refresh_from_db()
    if "review_on" in values:
        values = {**values, "review_on": day(values["review_on"])}

    risk.change(found, values, by=SYSTEM, at=at)

    found.refresh_from_db()
    assert (found.review_on, found.confirmations) == (day(due_in), 0)


def test_a_change_gives_a_closed_risk_no_review_date(at):
    found = risks.risk(state=RiskState.CLOSED)

    risk.change(found, {"title": "Another"}, by=SYSTEM, at=at)

    found.refresh_from_db()
    assert found.review_on is None


def test_a_viewer_does_not_become_an_owner_but_stays_one(at):
    viewer, found = people.user("Vic", role=Role.VIEWER), risks.risk(state=RiskState.ASSESSING)
    for attempt in (
        lambda: risks.risk(owner=viewer),
        lambda: risk.change(found, {"owner": viewer}, by=SYSTEM, at=at),
        lambda: risk.treat(found, treatment=Treatment.MITIGATE, owner=viewer, by=SYSTEM, at=at),
    ):
        with pytest.raises(Refused, match="Vic is a viewer") as refusal:
            attempt()
        assert refusal.value.field == "owner"

    Risk.objects.filter(pk=found.pk).update(owner=viewer)
    found.refresh_from_db()
    risk.change(found, {"owner": viewer, "title": "Another"}, by=SYSTEM, at=at)
    assert risk.treat(found, treatment=Treatment.MITIGATE, owner=viewer, by=SYSTEM, at=at).owner == viewer


def test_change_to_the_same_is_no_event(at):
    found = risks.risk()
    risk.change(found, {"title": found.title}, by=SYSTEM, at=at)
    assert verbs(found) == ["risklog.risk_opened"]


def test_change_refuses_what_was_seen_before_another_change(at):
    found = risks.risk()
    risk.change(found, {"title": "First"}, by=SYSTEM, at=at, seen=1)
    with pytest.raises(ChangedMeanwhile) as refusal:
        risk.change(found, {"title": "Second"}, by=SYSTEM, at=at, seen=1)
    assert refusal.value.present.title == "First"


def test_change_refuses_half_a_residual_score(at):
    with pytest.raises(Refused) as refusal:
        risk.change(risks.risk(), {"residual_likelihood": 2}, by=SYSTEM, at=at)
    assert refusal.value.field == "residual_impact"


def test_reconfirming_needs_evidence_and_moves_the_next_review(at):
    found = risks.risk(likelihood=3, impact=3)
    with pytest.raises(Refused):
        risk.reconfirm(found, evidence=" ", by=SYSTEM, at=at)

    risk.reconfirm(found, evidence="PSI 0.3 again", by=SYSTEM, at=at + timedelta(days=9))

    assert found.confirmations == 1
    assert found.review_on == at.date() + timedelta(days=69)
    assert verbs(found)[-1] == "risklog.risk_still_so"


def test_treating_needs_an_owner(at):
    found = risks.risk(state=RiskState.ASSESSING)
    with pytest.raises(Refused) as refusal:
        risk.treat(found, treatment=Treatment.MITIGATE, by=SYSTEM, at=at)
    assert refusal.value.field == "owner"


def test_monitoring_after_treatment_asks_what_remains(at):
    found = risks.risk(state=RiskState.TREATING)
    with pytest.raises(Refused):
        risk.monitor(found, by=SYSTEM, at=at)

    risk.monitor(found, residual_likelihood=1, residual_impact=4, by=SYSTEM, at=at)

    found.refresh_from_db()
    assert (found.state, found.severity) == (RiskState.MONITORING, 4)


@pytest.mark.parametrize("state", RiskState.values)
def test_every_state_is_reached_by_operations(state):
    assert risks.risk(state=RiskState(state)).state == state


def test_open_cannot_be_treated_at_once(at):
    with pytest.raises(IllegalMove):
        risk.treat(risks.risk(), treatment="mitigate", owner=people.user(), by=SYSTEM, at=at)


def test_a_closed_risk_is_reopened_not_assessed(at):
    found = risks.risk(state=RiskState.CLOSED)
    with pytest.raises(IllegalMove):
        risk.assess(found, by=SYSTEM, at=at)

    risk.reopen(found, reason="It is back", by=SYSTEM, at=at)

    assert (found.state, found.closing_evidence) == (RiskState.ASSESSING, "")


def test_the_owner_proposes_and_another_accepts(at):
    manager = people.user(role=Role.RISK_MANAGER)
    found = risks.risk(state=RiskState.ASSESSING, owner=manager)
    risk.propose(found, until=date(2027, 1, 1), reason="Small", by=Actor(manager, "page"), at=at)
    with pytest.raises(Refused):
        risk.accept(found, by=Actor(manager, "page"), at=at)


def test_an_acceptance_notifies_ten_days_ahead_and_the_risk_reopens_on_its_day(at):
    people.organisation()
    found = risks.risk(state=RiskState.ACCEPTED)
    warn, end = Due.objects.filter(subject_id=found.subject_id).order_by("at")
    assert (warn.at.date(), end.at.date()) == (date(2027, 1, 21), date(2027, 1, 31))

    risk.acceptance_ends(warn, at=warn.at)
    risk.acceptance_ends(end, at=end.at)
    risk.acceptance_ends(end, at=end.at)

    found.refresh_from_db()
    assert (found.state, found.accepted_until) == (RiskState.ASSESSING, None)
    assert verbs(found)[-2:] == ["risklog.risk_acceptance_ending", "risklog.risk_acceptance_ended"]


def test_an_acceptance_that_has_ended_is_not_announced(at):
    found = risks.risk(state=RiskState.ACCEPTED)
    warn, end = Due.objects.filter(subject_id=found.subject_id).order_by("at")

    risk.acceptance_ends(warn, at=end.at)

    assert "risklog.risk_acceptance_ending" not in verbs(found)


def test_an_overtaken_acceptance_date_does_nothing(at):
    found = risks.risk(state=RiskState.ACCEPTED)
    end = Due.objects.get(subject_id=found.subject_id, occurrence__startswith="end")
    risk.reopen(found, reason="It grew", by=SYSTEM, at=at)
    before = verbs(found)

    risk.acceptance_ends(end, at=end.at)

    assert verbs(found) == before


def test_restricting_keeps_the_owner_the_unnamed_raiser_and_the_teams(at):
    ana, bo, team = people.user(), people.user(), people.team()
    found = risks.risk(person=ana, is_unnamed=True, owner=bo)

    risk.restrict(found, teams=[team], by=SYSTEM, at=at)

    assert found.subject.viewers == sorted([ana.subject_id, bo.subject_id, team.subject_id])
    risk.restrict(found, teams=None, by=SYSTEM, at=at)
    assert Risk.objects.get(pk=found.pk).subject.viewers is None


def test_a_new_owner_sees_a_restricted_risk(at):
    found, bo = risks.restricted("Secret", people.team()), people.user()

    risk.change(found, {"owner": bo}, by=SYSTEM, at=at)

    assert Risk.objects.visible_to(bo).filter(pk=found.pk).exists()


def test_history_alone_rebuilds_the_row(at):
    found = risks.risk(tags=["Income", "income "])
    risk.change(found, {"affected": "Applicants wait longer"}, by=SYSTEM, at=at)

    replayed = rebuilt("risklog.risk", found.pk)

    assert replayed["affected"] == "Applicants wait longer"
    assert replayed["tags"] in (["income"], '["income"]')


@pytest.mark.parametrize("day", [None, AT.date() - timedelta(days=1)])
def test_a_live_risk_has_a_next_review_that_is_not_past(day):
    found = risks.risk()

    with pytest.raises(Refused) as refusal:
        risk.change(found, {"review_on": day}, by=SYSTEM, at=AT)

    assert refusal.value.field == "review_on"
    risk.change(found, {"review_on": AT.date()}, by=SYSTEM, at=AT)


def test_a_new_risk_is_not_overdue_and_an_overdue_one_keeps_its_date():
    with pytest.raises(Refused, match="today or a later day"):
        risk.add(
            title="Drift", category=risks.category(), likelihood=2, impact=2,
            review_on=AT.date() - timedelta(days=1), by=SYSTEM, at=AT,
        )  # fmt: skip
    found = risks.risk()
    Risk.objects.filter(pk=found.pk).update(review_on=AT.date() - timedelta(days=9))
    found.refresh_from_db()

    risk.change(found, {"title": "Another", "review_on": found.review_on}, by=SYSTEM, at=AT)

    assert found.review_on == AT.date() - timedelta(days=9)
