"""Experiments: what the start fixes, who owns them, and what their outcome needs."""

from datetime import timedelta

import pytest

from history import relay
from history.models import Due, Event
from history.queries import rebuilt
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from notices.models import Entry
from people.states import Role
from riskhub import schedule
from risklog.models import Escalation, Experiment
from risklog.operations import experiment as operations
from risklog.operations import experiment_dues, experiment_sight
from risklog.operations import risk as risk_operations
from risklog.states import EscalationState, ExperimentState
from tests.conftest import AT
from tests.factories import catalogue, experiments, people, risklog_review, risks, signals

pytestmark = pytest.mark.django_db
RUNNING, FINISHED = ExperimentState.RUNNING, ExperimentState.FINISHED
ACT = {"by": SYSTEM, "at": AT}


def refused(call, *, field: str) -> Refused:
    with pytest.raises(Refused) as caught:
        call()
    assert caught.value.field == field
    return caught.value


# ------------------------------------------------------------------ the start fixes the plan


def test_the_start_names_everything_that_is_missing():
    bare = operations.propose(title="Try it", hypothesis="It is better", **ACT)

    refusal = refused(lambda: operations.start(bare, **ACT), field="data_slice")

    assert set(refusal.further) == {"success_criteria", "decision_rule", "rollback", "ends_on", "owners"}
    assert Experiment.objects.get().state == ExperimentState.PROPOSED


def test_a_fixed_plan_changes_only_as_a_new_version_with_its_reason():
    running = experiments.experiment(state=RUNNING)
    rule = running.decision_rule

    with pytest.raises(IllegalMove) as caught:
        operations.change(running, {"title": "Renamed", "decision_rule": "As we like"}, **ACT)
    assert caught.value.field == "decision_rule"
    refused(lambda: operations.change_plan(running, reason=" ", decision_rule="New", **ACT), field="reason")
    refused(
        lambda: operations.change_plan(running, reason="Same", decision_rule=rule, **ACT), field="hypothesis"
    )
    refused(
        lambda: operations.change_plan(running, reason="Gone", decision_rule=" ", **ACT),
        field="decision_rule",
    )
    operations.change_plan(running, reason="The slice was too small", data_slice="Both months", **ACT)

    stored = Experiment.objects.get()
    assert (stored.title, stored.decision_rule, stored.data_slice) == (running.title, rule, "Both months")
    first, second = running.plans.order_by("number")
    assert (first.number, first.data_slice, first.reason) == (1, experiments.PLAN["data_slice"], "")
    assert (second.number, second.data_slice, second.reason) == (2, "Both months", "The slice was too small")


def test_nobody_changes_a_finished_experiment():
    over = experiments.experiment(state=FINISHED)

    for call in (
        lambda: operations.change(over, {"title": "Other"}, **ACT),
        lambda: operations.change_plan(over, reason="Late", decision_rule="Fits", **ACT),
        lambda: operations.start(over, **ACT),
        lambda: operations.cancel(over, reason="Late", **ACT),
        lambda: experiments.finish(over, "rejected"),
    ):
        refused(call, field="state")


def test_two_people_who_start_or_change_it_at_once_do_not_overwrite_each_other():
    made = experiments.experiment()
    other = Experiment.objects.get(pk=made.pk)
    operations.change(made, {"decision_rule": "Decide by the AUC"}, **ACT)

    with pytest.raises(ChangedMeanwhile):
        operations.start(other, **ACT)


# ------------------------------------------------------------------ owners


def test_owners_are_of_two_teams():
    one, two = people.team(), people.team()
    ana, ben = people.user(teams=[one]), people.user(teams=[one])
    both, alone = people.user(teams=[one, two]), people.user()

    for chosen in ([ana], [ana, ben], [both], [both, alone]):
        refused(lambda chosen=chosen: experiments.experiment(owners=chosen), field="owners")

    assert experiments.experiment(owners=[ana, both]).owners.count() == 2
    viewer = people.user(role=Role.VIEWER, teams=[two])
    refused(lambda: experiments.experiment(owners=[ana, viewer]), field="owners")


def test_new_owners_see_a_restricted_experiment_and_former_ones_no_more():
    team = people.team()
    first = experiments.owners()
    made = experiments.experiment(owners=first, viewers=[team.subject_id])
    stranger = people.user(teams=[people.team()])
    assert not Experiment.objects.visible_to(stranger).exists()

    operations.change(made, {"owners": [first[0], stranger]}, **ACT)

    seen = [user.pk for user in (*first, stranger) if Experiment.objects.visible_to(user).exists()]
    assert seen == [first[0].pk, stranger.pk]
    event = Event.objects.get(verb="risklog.experiment_changed")
    assert event.data["told"] == [stranger.pk]

    operations.change(made, {"owners": first}, **ACT)  # back again: the row of the first owner is used again
    assert made.owners.count() == 3
    assert Experiment.objects.visible_to(first[1]).exists()
    assert not Experiment.objects.visible_to(stranger).exists()


def test_a_running_experiment_keeps_owners_of_two_teams():
    running = experiments.experiment(state=RUNNING)

    refused(lambda: operations.change(running, {"owners": []}, **ACT), field="owners")


# ------------------------------------------------------------------ the outcome


def test_a_slice_without_records_supports_nothing():
    running = experiments.experiment(state=RUNNING)

    refused(lambda: experiments.finish(running, sample_size=0), field="outcome")
    refused(lambda: experiments.finish(running, interpretation=" "), field="interpretation")
    refused(lambda: experiments.finish(running, "perhaps"), field="outcome")
    experiments.finish(running, "inconclusive", sample_size=0)

    assert Experiment.objects.get().outcome == "inconclusive"


def test_a_metric_without_values_since_the_start_supports_nothing():
    series = signals.series(catalogue.model())
    later = AT + timedelta(minutes=30)  # the series has a value of AT
    running = experiments.experiment(state=RUNNING, series=series, at=later)

    refused(lambda: experiments.finish(running, at=later), field="outcome")
    signals.push(series, 0.4, start=later)
    experiments.finish(running, at=later)

    assert Experiment.objects.get().state == FINISHED


def test_history_rebuilds_it():
    running = experiments.experiment(state=RUNNING)
    operations.change_plan(running, reason="Too small", data_slice="Both months", **ACT)
    experiments.finish(running, training_notes="Sample by region")

    row = rebuilt("risklog.experiment", running.pk)
    assert (row["state"], row["data_slice"], row["training_notes"]) == (
        "finished", "Both months", "Sample by region",
    )  # fmt: skip


# ------------------------------------------------------------------ who may see


def test_it_is_as_restricted_as_its_model_or_what_it_is_about():
    team = people.team()
    member, stranger = people.user(teams=[team]), people.user()
    model = catalogue.model(viewers=[team.subject_id])
    risk = risks.restricted("Hidden risk", team)

    made = [experiments.experiment(model=model), experiments.experiment(about=risk.subject)]
    mixed = experiments.experiment(about=risks.risk("Open risk").subject, model=model)

    for one in (*made, mixed):
        assert Experiment.objects.visible_to(member).filter(pk=one.pk).exists()
        assert not Experiment.objects.visible_to(stranger).filter(pk=one.pk).exists()


def test_it_is_restricted_with_what_it_is_about_and_then_its_owners_still_see_it():
    risk, stranger, team = risks.risk(), people.user(), people.team()
    owners = experiments.owners()
    made = experiments.experiment(about=risk.subject, owners=owners)
    assert Experiment.objects.visible_to(stranger).exists()

    risk_operations.restrict(risk, teams=[team], **ACT)

    assert not Experiment.objects.visible_to(stranger).exists()
    assert Experiment.objects.visible_to(owners[0]).exists()
    refused(lambda: experiment_sight.restrict(made, teams=None, **ACT), field="teams")
    operations.change(made, {"owners": [owners[1], people.user(teams=[team])]}, **ACT)
    assert not Experiment.objects.visible_to(owners[0]).exists()
    assert Experiment.objects.visible_to(owners[1]).exists()


def test_restrict_and_open():
    made, stranger, team = experiments.experiment(), people.user(), people.team()
    experiment_sight.restrict(made, teams=[team], **ACT)
    experiment_sight.restrict(made, teams=[team], **ACT)  # nothing to record

    assert not Experiment.objects.visible_to(stranger).exists()
    assert Event.objects.filter(verb="risklog.experiment_restricted").count() == 1
    refused(lambda: experiment_sight.restrict(made, teams=[], **ACT), field="teams")
    experiment_sight.restrict(made, teams=None, **ACT)
    assert Experiment.objects.visible_to(stranger).exists()


# ------------------------------------------------------------------ overdue


def due(made: Experiment, kind: str) -> Due:
    return Due.objects.get(subject=made.subject, kind=kind, state="pending")


def test_an_overdue_experiment_reminds_its_owners_and_then_climbs_the_ladder():
    risklog_review.ladder(("owner", 60, None), ("team_lead", 240, None))
    people.organisation()
    running = experiments.experiment(state=RUNNING)
    first = running.owners.order_by("pk").first().user
    reminder, overdue = due(running, experiment_dues.ENDS), due(running, experiment_dues.OVERDUE)

    schedule.tick(reminder.at)
    assert [
        entry.why for entry in Entry.objects.filter(user=first, event__verb="risklog.experiment_ends")
    ] == ["The result of your experiment is expected today"]
    assert not Escalation.objects.exists()
    schedule.tick(overdue.at)

    escalation = Escalation.objects.get()
    assert escalation.about_id == running.subject_id
    assert first.pk in escalation.climbs.first().notified_ids
    running.refresh_from_db()
    experiments.finish(running, at=overdue.at)
    relay.relay(at=overdue.at)
    escalation.refresh_from_db()
    assert escalation.state == EscalationState.RESOLVED


def test_another_last_day_ends_the_escalation_and_moves_the_dates():
    risklog_review.ladder(("owner", 60, None))
    people.organisation()
    running = experiments.experiment(state=RUNNING)
    overdue = due(running, experiment_dues.OVERDUE)
    schedule.tick(overdue.at)
    running.refresh_from_db()
    later = experiments.ENDS_ON + timedelta(days=20)

    operations.change(running, {"ends_on": later}, by=SYSTEM, at=overdue.at)
    relay.relay(at=overdue.at)

    assert Escalation.objects.get().state == EscalationState.RESOLVED
    assert due(running, experiment_dues.OVERDUE).at > overdue.at
    experiment_dues.note_overdue(overdue, at=overdue.at)  # a late Due of the former day does nothing
    assert Event.objects.filter(verb="risklog.experiment_overdue").count() == 1


def test_a_finished_experiment_has_no_dates():
    running = experiments.experiment(state=RUNNING)
    experiments.finish(running, by=Actor(running.owners.first().user, "page"))

    assert not Due.objects.filter(subject=running.subject, state="pending").exists()
