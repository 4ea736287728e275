"""Escalations: who is notified, when they climb, what stops them."""

from datetime import timedelta

import pytest

from actions.events import ActionOverdue
from actions.models import Action
from actions.operations import action as operations
from history import operations as history
from history.models import Due, Event, Subject
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.operations import person as persons
from people.states import Role
from risklog.models import Climb, Escalation, Ladder, LadderVersion
from risklog.operations import climb as climbs
from risklog.operations import escalation as escalations
from risklog.operations import escalation_handlers, escalation_pauses
from risklog.operations import ladder as ladders
from risklog.operations import review as reviews
from risklog.operations import reviewer as reviewers
from risklog.states import EscalationState, Outcome, Severity, Who
from tests.factories import actions, people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def crew():
    """A team lead, the developer of a model, a risk manager, and a ladder that notifies them in turn."""
    lead, developer = people.user("Lena Lead"), people.user("Dev Dietz")
    team = people.team("Fraud", lead=lead)
    function = people.function("risk-management")
    manager = people.user("Rita Risk", function=function, role=Role.RISK_MANAGER)
    ladder = make.ladder(
        (Who.OWNER, 240, None), (Who.TEAM_LEAD, 480, None), (Who.FUNCTION, 480, {"function": function})
    )
    found = make.model(owner_team=team, developer=developer)
    names = ("lead", "developer", "manager", "team", "ladder", "model")
    return dict(zip(names, (lead, developer, manager, team, ladder, found), strict=True))


def due(escalation, kind="risklog.climb"):
    return Due.objects.filter(subject_id=escalation.subject_id, kind=kind, state="pending").latest("id")


def climb(escalation):
    """Run what a tick does at the moment of the next climb."""
    one = due(escalation)
    climbs.climb(one, at=one.at)
    escalation.refresh_from_db()
    return escalation


def calls_of(escalation):
    return list(
        Climb.objects.filter(escalation=escalation).order_by("id").values_list("position", "notified_ids")
    )


def verbs(escalation):
    found = Event.objects.filter(subject_id=escalation.subject_id).order_by("id")
    return [verb.removeprefix("risklog.escalation_") for verb in found.values_list("verb", flat=True)]


def test_it_starts_on_the_first_rung_at_once(at, crew):
    escalation = make.escalation(about=crew["model"].subject)

    assert (escalation.rung, escalation.rung_since) == (1, at)
    assert escalation.next_climb_at == at + 4 * HOUR
    assert calls_of(escalation) == [(1, [crew["developer"].pk])]
    assert verbs(escalation) == ["started", "climbed"]
    assert due(escalation).occurrence == "rung-2"
    note = Event.objects.get(verb="risklog.escalation_climbed").data
    assert (note["rung"], note["told"], note["skipped"]) == (1, [crew["developer"].pk], "")


def test_it_climbs_in_order_and_stays_at_the_top(at, crew):
    escalation = make.escalation(about=crew["model"].subject)

    climb(climb(escalation))

    assert calls_of(escalation) == [
        (1, [crew["developer"].pk]), (2, [crew["lead"].pk]), (3, [crew["manager"].pk]),
    ]  # fmt: skip
    assert (escalation.rung, escalation.next_climb_at) == (3, None)
    assert not Due.objects.filter(kind="risklog.climb", occurrence="rung-4").exists()


def test_a_due_date_that_runs_twice_or_early_climbs_once(at, crew):
    escalation = make.escalation(about=crew["model"].subject)
    due_climb = due(escalation)

    climbs.climb(due_climb, at=due_climb.at - HOUR)
    climbs.climb(due_climb, at=due_climb.at)
    climbs.climb(due_climb, at=due_climb.at)

    escalation.refresh_from_db()
    assert escalation.rung == 2
    assert len(calls_of(escalation)) == 2


def test_after_a_week_of_downtime_it_climbs_one_rung_with_its_full_time_limit(at, crew):
    escalation = make.escalation(about=crew["model"].subject)
    later = at + timedelta(days=7)

    climbs.climb(due(escalation), at=later)

    escalation.refresh_from_db()
    assert (escalation.rung, escalation.next_climb_at) == (2, later + timedelta(days=1))


def test_a_second_start_is_a_note_on_the_one_that_runs(at, crew):
    first = make.escalation(about=crew["model"].subject)

    second = make.escalation(about=crew["model"].subject, why="Still bad", severity=Severity.CRITICAL)

    assert second.pk == first.pk
    assert second.severity == Severity.CRITICAL
    assert verbs(first) == ["started", "climbed", "annotated"]
    assert len(calls_of(first)) == 1


def test_an_empty_rung_is_skipped_at_once_and_says_so(at, crew):
    nobody_owns = make.model(owner_team=crew["team"])

    escalation = make.escalation(about=nobody_owns.subject)

    assert escalation.rung == 2
    assert Climb.objects.get(position=1).skipped == "no owner"
    assert Event.objects.get(verb="risklog.escalation_climbed").data["skipped"] == "rung 1: no owner"


def test_the_stand_in_is_notified_when_somebody_is_away(at, crew):
    stand_in = people.user()
    make.away(crew["developer"], stand_in=stand_in)

    escalation = make.escalation(about=crew["model"].subject)

    row = Climb.objects.get()
    assert (row.notified_ids, row.stand_ins) == ([stand_in.pk], {str(stand_in.pk): crew["developer"].pk})
    assert escalation.rung == 1


def test_somebody_away_without_a_stand_in_is_a_skipped_rung(at, crew):
    make.away(crew["developer"])

    make.escalation(about=crew["model"].subject)

    assert Climb.objects.get(position=1).skipped == "absent without a stand-in"


def test_when_the_whole_ladder_is_empty_risk_managers_are_notified(at):
    manager = people.user(role=Role.RISK_MANAGER)
    make.ladder((Who.OWNER, 60, None), (Who.TEAM_LEAD, 60, None))

    escalation = make.escalation()

    assert (escalation.rung, escalation.next_climb_at) == (2, None)
    assert Event.objects.get(verb="risklog.escalation_climbed").data["told"] == [manager.pk]


def test_when_nobody_is_above_it_stays_and_says_so(at, crew):
    crew["manager"].function = None
    history.change(crew["manager"], {"is_active": False}, by=SYSTEM, at=at)
    escalation = make.escalation(about=crew["model"].subject)
    climb(escalation)

    climb(escalation)

    assert (escalation.rung, escalation.next_climb_at, verbs(escalation)[-1]) == (2, None, "stays")


def test_without_any_ladder_the_first_two_are_put_up(at):
    make.escalation()

    assert list(Ladder.objects.order_by("id").values_list("severity", flat=True)) == ["", "critical"]


def test_the_critical_ladder_runs_at_night_and_the_usual_one_waits(at):
    people.organisation(time_zone="UTC")
    ladders.seed(by=SYSTEM, at=at)
    team = people.team(lead=people.user())
    night = at.replace(hour=22)
    owned = [make.model(owner_team=team, developer=people.user()).subject for _ in range(3)]

    critical = make.escalation(about=owned[0], severity=Severity.CRITICAL, at=night)
    usual = make.escalation(about=owned[1], at=night)

    assert critical.next_climb_at == night + HOUR
    assert (usual.rung, usual.next_climb_at) == (0, at.replace(day=24, hour=9))
    assert climb(usual).rung == 1
    by_hand = make.escalation(about=owned[2], at=night, by=make.actor(people.user()))
    assert (by_hand.rung, by_hand.next_climb_at) == (1, at.replace(day=24, hour=13))


def test_a_late_tick_at_night_waits_for_the_morning(at, crew):
    people.organisation(time_zone="UTC")
    escalation = make.escalation(about=crew["model"].subject)

    climbs.climb(due(escalation), at=at.replace(hour=22))

    escalation.refresh_from_db()
    assert (escalation.rung, verbs(escalation)[-1]) == (1, "waits")
    assert climb(escalation).rung == 2
    assert escalation.rung_since == at.replace(day=24, hour=9)


def test_an_edited_ladder_leaves_running_climbs_alone(at, crew):
    running = make.escalation(about=crew["model"].subject)

    ladders.change_rungs(crew["ladder"], [{"who": Who.TEAM_LEAD, "within_minutes": 5}], by=SYSTEM, at=at)
    other = make.escalation(about=make.model(owner_team=crew["team"]).subject)

    assert climb(running).rung == 2
    assert climb(running).rung == 3
    assert calls_of(other) == [(1, [crew["lead"].pk])]
    assert LadderVersion.objects.get(is_current=True).number == 2


def test_acknowledging_stops_the_climb_until_it_lapses(at, crew):
    escalation = make.escalation(about=crew["model"].subject)

    escalations.acknowledge(escalation, by=make.actor(crew["developer"]), at=at + HOUR, note="On it")

    escalation.refresh_from_db()
    assert escalation.state == EscalationState.ACKNOWLEDGED
    assert escalation.acknowledged_by == crew["developer"]
    assert not Due.objects.filter(kind="risklog.climb", state="pending").exists()
    due_climb = due(escalation, "risklog.acknowledgement_lapses")
    assert due_climb.at == at + 5 * HOUR
    climbs.lapse(due_climb, at=due_climb.at)
    climbs.lapse(due_climb, at=due_climb.at)
    escalation.refresh_from_db()
    assert (escalation.state, escalation.rung) == (EscalationState.CLIMBING, 2)
    assert verbs(escalation)[-2:] == ["lapsed", "climbed"]


def test_what_waits_for_the_morning_can_be_taken_at_night(at, crew):
    people.organisation(time_zone="UTC")
    escalation = make.escalation(about=crew["model"].subject, at=at.replace(hour=22))

    escalations.acknowledge(escalation, by=make.actor(crew["developer"]), at=at.replace(hour=23))

    assert due(escalation, "risklog.acknowledgement_lapses").at == at.replace(day=24, hour=13)


def test_handing_over_restarts_the_time_limit(at, crew):
    escalation, other = make.escalation(about=crew["model"].subject), people.user()
    escalations.acknowledge(escalation, by=make.actor(crew["developer"]), at=at)
    first = due(escalation, "risklog.acknowledgement_lapses")

    escalations.hand_over(escalation, other, by=make.actor(crew["developer"]), at=at + HOUR)
    climbs.lapse(first, at=first.at)

    escalation.refresh_from_db()
    assert (escalation.state, escalation.acknowledged_by) == (EscalationState.ACKNOWLEDGED, other)
    make.away(people.user("Gone"))


def test_handing_over_refuses_who_is_away(at, crew):
    escalation, gone = make.escalation(about=crew["model"].subject), people.user()
    make.away(gone)
    escalations.acknowledge(escalation, by=make.actor(crew["developer"]), at=at)

    with pytest.raises(Refused, match="away"):
        escalations.hand_over(escalation, gone, by=SYSTEM, at=at)


def test_a_pause_ends_by_itself_and_gives_the_rung_its_time(at, crew):
    escalation = make.escalation(about=crew["model"].subject)

    escalation_pauses.pause(
        escalation, until=at + timedelta(days=2), reason="Rollback runs", by=SYSTEM, at=at
    )

    pause_end = due(escalation, "risklog.pause_ends")
    climbs_before = Due.objects.get(kind="risklog.climb")
    climbs.climb(climbs_before, at=climbs_before.at)
    escalation.refresh_from_db()
    assert (escalation.state, escalation.rung) == (EscalationState.PAUSED, 1)
    escalation_pauses.end_pause(pause_end, at=pause_end.at)
    escalation.refresh_from_db()
    assert (escalation.state, escalation.next_climb_at) == (EscalationState.CLIMBING, pause_end.at + 4 * HOUR)
    assert climb(escalation).rung == 2


@pytest.mark.parametrize(
    ("days", "reason", "field"), [(15, "x", "until"), (-1, "x", "until"), (1, " ", "reason")]
)
def test_a_pause_has_a_reason_and_an_end_within_14_days(at, crew, days, reason, field):
    escalation = make.escalation(about=crew["model"].subject)

    with pytest.raises(Refused) as refusal:
        escalation_pauses.pause(escalation, until=at + timedelta(days=days), reason=reason, by=SYSTEM, at=at)

    assert refusal.value.field == field


def test_stepping_down_notifies_the_rung_below_and_restarts_the_climb(at, crew):
    escalation = climb(make.escalation(about=crew["model"].subject))

    escalations.step_down(escalation, reason="Owner is back", by=make.actor(crew["lead"]), at=at + 6 * HOUR)

    escalation.refresh_from_db()
    assert (escalation.rung, escalation.round) == (1, 2)
    assert climb(escalation).rung == 2
    assert [position for position, _ in calls_of(escalation)] == [1, 2, 1, 2]
    escalations.step_down(escalation, reason="Again", by=SYSTEM, at=at)
    with pytest.raises(Refused, match="No rung below has anyone"):
        escalations.step_down(escalation, reason="Lower", by=SYSTEM, at=at)


def test_nothing_fires_after_it_is_resolved(at, crew):
    escalation = make.escalation(about=crew["model"].subject)
    due_climb = due(escalation)

    escalations.resolve(escalation, reason="Rolled back", by=SYSTEM, at=at)
    climbs.climb(due_climb, at=due_climb.at)

    escalation.refresh_from_db()
    assert (escalation.state, escalation.rung, verbs(escalation)[-1]) == ("resolved", 1, "resolved")
    assert not Due.objects.filter(state="pending").exists()
    with pytest.raises(IllegalMove):
        escalations.acknowledge(escalation, by=SYSTEM, at=at)
    with pytest.raises(IllegalMove):
        escalations.step_down(escalation, reason="Late", by=SYSTEM, at=at)


def test_a_person_of_an_earlier_rung_is_notified_again(at, crew):
    escalation = make.escalation(about=crew["model"].subject)
    seen = escalation.version
    climb(escalation)

    with pytest.raises(ChangedMeanwhile):
        escalations.resolve(escalation, reason="Done", by=SYSTEM, at=at, seen=seen)


def test_anybody_may_raise_it_unnamed(at, crew):
    raiser = people.user(role=Role.VIEWER)

    escalation = make.escalation(about=crew["model"].subject, by=make.actor(raiser).unnamed())

    event = Event.objects.get(subject_id=escalation.subject_id, verb="risklog.escalation_started")
    assert (event.actor_id, event.shown_actor) == (raiser.subject_id, None)
    assert Event.objects.get(verb="risklog.escalation_climbed").actor is None


def test_a_notified_person_sees_the_restricted_subject(at, crew):
    secret = make.model(
        owner_team=crew["team"], developer=crew["developer"], viewers=[crew["team"].subject_id]
    )

    escalation = make.escalation(about=secret.subject)

    assert Escalation.objects.visible_to(crew["developer"]).exists()
    assert Subject.objects.filter(pk=secret.subject_id).visible_to(crew["developer"]).exists()
    assert not Escalation.objects.visible_to(crew["manager"]).exists()
    assert escalation.subject.reference.startswith("E-")


def action(at, owner, about=None):
    found = Action(title="Cap the feature", owner=owner, about=about, due_on=at.date(), made_at=at)
    history.record(found, "actions.action_opened", by=SYSTEM, at=at)
    return found


def test_an_overdue_action_climbs_and_stops_when_it_is_done(at, crew):
    late = action(at, crew["developer"], about=crew["model"].subject)
    event = history.record(late, "actions.action_overdue", by=SYSTEM, at=at)

    escalation_handlers.on_action_overdue(event, at=at)

    escalation = Escalation.objects.get()
    assert (escalation.about_id, escalation.team) == (late.subject_id, crew["team"])
    assert calls_of(escalation) == [(1, [crew["developer"].pk])]
    done = history.move(late, "done", by=SYSTEM, at=at + HOUR, values={"settled_at": at + HOUR})
    escalation_handlers.on_action_settled(done, at=at + HOUR)
    escalation_handlers.on_action_settled(done, at=at + HOUR)
    escalation.refresh_from_db()
    assert (escalation.state, escalation.reason) == ("resolved", f"{late.reference} is done.")
    escalation_handlers.on_action_overdue(event, at=at)
    assert Escalation.objects.count() == 1


def test_settling_a_review_resolves_its_escalation(at, crew):
    review = make.review()
    escalation = make.escalation(about=review.subject)

    reviews.settle(review, outcome=Outcome.CONFIRMED, reason="Seen", by=SYSTEM, at=at + HOUR)
    escalation_handlers.on_review_settled(Event.objects.get(verb="risklog.review_settled"), at=at + HOUR)

    escalation.refresh_from_db()
    assert escalation.state == EscalationState.RESOLVED


def answered_by_all(review, people_, at):
    for person in people_:
        reviewers.answer(review, verdict=Outcome.CONFIRMED, by=make.actor(person), at=at)
    for event in Event.objects.filter(verb="risklog.review_answered").order_by("id"):
        escalation_handlers.on_review_answered(event, at=at)


def test_a_review_that_everybody_answered_climbs_no_more(at, crew):
    asked = make.reviewer("data-science")
    review = make.review()
    reviews.note_unanswered(Due.objects.get(kind=reviews.UNANSWERED), at=review.due_at)

    answered_by_all(review, (asked, crew["manager"]), review.due_at + HOUR)

    assert Escalation.objects.get(about=review.subject).state == EscalationState.RESOLVED


@pytest.mark.parametrize("is_late_too", [False, True])
def test_what_a_person_raised_about_a_review_outlives_its_answers(at, crew, is_late_too):
    asked = make.reviewer("data-science")
    review = make.review()
    escalation = make.escalation(about=review.subject, by=make.actor(crew["lead"]), why="Customers feel it.")
    if is_late_too:
        reviews.note_unanswered(Due.objects.get(kind=reviews.UNANSWERED), at=review.due_at)

    answered_by_all(review, (asked, crew["manager"]), review.due_at + HOUR)

    escalation.refresh_from_db()
    assert escalation.state == EscalationState.CLIMBING


def overdue(action, at):
    payload = ActionOverdue(due_on=str(action.due_on), owner=action.owner_id)
    return history.record(action, payload, by=SYSTEM, at=at)


def test_an_action_reassigned_before_its_overdue_event_ran_is_not_escalated(at, crew):
    late = actions.action(owner=people.user(), due_on=at.date())
    event = overdue(late, at)
    operations.change(late, {"owner": people.user()}, by=SYSTEM, at=at)

    escalation_handlers.on_action_overdue(event, at=at + HOUR)

    assert not Escalation.objects.exists()


def test_a_rung_of_somebody_who_left_says_so(at):
    boss, gone = people.user(role=Role.ADMINISTRATOR), people.user()
    persons.deactivate(gone, by=make.actor(boss), at=at)
    make.ladder((Who.PERSON, 60, {"person": gone}), (Who.PERSON, 60, {"person": boss}))

    escalation = make.escalation()

    assert Climb.objects.get(escalation=escalation, position=1).skipped == "has left without a successor"


def test_ladders_refuse_rungs_that_notify_nobody(at):
    for rungs in (
        [],
        [{"who": Who.FUNCTION, "within_minutes": 5}],
        [{"who": Who.OWNER, "within_minutes": 0}],
    ):
        with pytest.raises(Refused) as refusal:
            ladders.add(name="Wrong", rungs=rungs, by=SYSTEM, at=at)
        assert refusal.value.field == "rungs"


def test_the_last_general_ladder_stays(at):
    first = make.ladder((Who.OWNER, 60, None))

    with pytest.raises(Refused, match="last standard ladder"):
        ladders.retire(first, by=SYSTEM, at=at)

    make.ladder((Who.OWNER, 60, None), name="Second")
    assert ladders.retire(first, by=SYSTEM, at=at).is_retired
    assert ladders.seed(by=SYSTEM, at=at) == []


def late_climb(at, crew):
    late = action(at - 3 * 24 * HOUR, crew["developer"], about=crew["model"].subject)
    event = history.record(late, "actions.action_overdue", by=SYSTEM, at=at)
    escalation_handlers.on_action_overdue(event, at=at)
    return late, Escalation.objects.get()


def test_a_new_date_answers_what_was_escalated_for_being_late(at, crew):
    late, escalation = late_climb(at, crew)
    longer = (at - HOUR * 24).date()
    for day in (longer, None):  # neither a past date nor no date ends it
        event = history.change(late, {"due_on": day}, by=SYSTEM, at=at, verb="actions.action_changed")
        escalation_handlers.on_action_changed(event, at=at)
        escalation.refresh_from_db()
        assert escalation.state == "climbing"

    values = {"due_on": at.date() + timedelta(days=9)}
    event = history.change(late, values, by=SYSTEM, at=at + HOUR, verb="actions.action_changed")
    escalation_handlers.on_action_changed(event, at=at + HOUR)
    escalation_handlers.on_action_changed(event, at=at + HOUR)

    escalation.refresh_from_db()
    assert (escalation.state, escalation.reason) == ("resolved", "New due date: 2 Dec 2026.")


def test_a_new_owner_of_an_overdue_action_is_not_notified_for_the_former_one(at, crew):
    late, escalation = late_climb(at, crew)

    event = history.change(late, {"owner": crew["lead"]}, by=SYSTEM, at=at, verb="actions.action_assigned")
    escalation_handlers.on_action_changed(event, at=at)

    escalation.refresh_from_db()
    assert escalation.reason == "It is now assigned to Lena Lead, who has one working day."


def test_what_was_raised_for_more_than_being_late_outlasts_a_new_date(at, crew):
    late, escalation = late_climb(at, crew)
    escalations.start(
        about=late.subject, title="x", why="Customers call.", by=make.actor(crew["lead"]), at=at
    )

    values = {"due_on": at.date() + timedelta(days=9)}
    event = history.change(late, values, by=SYSTEM, at=at + HOUR, verb="actions.action_changed")
    escalation_handlers.on_action_changed(event, at=at + HOUR)

    escalation.refresh_from_db()
    assert escalation.state == "climbing"


def test_an_action_that_has_a_new_date_already_does_not_climb(at, crew):
    late = action(at, crew["developer"])
    payload = ActionOverdue(due_on=(at - 48 * HOUR).date().isoformat(), owner=late.owner_id)

    escalation_handlers.on_action_overdue(history.record(late, payload, by=SYSTEM, at=at), at=at)

    assert not Escalation.objects.exists()
