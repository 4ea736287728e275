"""Reviews: the choice of reviewers, further triggers, answers and due dates."""

from datetime import timedelta

import pytest

from history import operations as history
from history import relay
from history.models import Due, Event, Subject
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.operations import person as persons
from people.states import Role
from risklog.models import Escalation, Review, Reviewer
from risklog.operations import review as reviews
from risklog.operations import review_handlers
from risklog.operations import reviewer as reviewers
from risklog.states import Outcome, ReviewState, Severity
from signals.models import BreachGroup
from signals.states import BreachLevel, BreachState, SignalKind
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_functions():
    return make.reviewer("data-science"), make.reviewer("risk-management")


def asked(review):
    return {one.user for one in review.reviewers.select_related("user")}


def verbs(subject_id):
    return list(Event.objects.filter(subject_id=subject_id).order_by("id").values_list("verb", flat=True))


def test_a_breach_opens_a_review_for_two_functions(at, two_functions):
    team = people.team()
    group = make.breach_group(of_model=make.model(owner_team=team), level=BreachLevel.CRITICAL)

    review_handlers.on_breach_group_opened(group.opened_by, at=at)

    review = Review.objects.get()
    assert review.about_id == group.subject_id
    assert review.reference.startswith("Q-")
    assert review.severity == Severity.CRITICAL
    assert asked(review) == set(two_functions)
    assert review.why == "psi 0.31 above 0.25 for 3 points"
    assert [one["code"] for one in review.missing] == ["no_threshold"]
    assert Event.objects.get(verb="risklog.review_opened").cause_id == group.opened_by.pk


def test_a_second_trigger_is_noted_on_the_open_review(at, two_functions):
    first = make.review()

    second = make.review(about=first.about, severity=Severity.CRITICAL, at=at + timedelta(hours=1))

    assert second.pk == first.pk
    assert (second.triggers, second.severity) == (2, Severity.CRITICAL)
    assert second.due_at < first.due_at
    assert verbs(first.subject_id) == ["risklog.review_opened", "risklog.review_pressed"]


def test_a_second_trigger_that_presses_no_more_is_but_a_note(at, two_functions):
    first = make.review()

    second = make.review(about=first.about, at=at + timedelta(hours=1))

    assert second.due_at == first.due_at
    assert verbs(first.subject_id) == ["risklog.review_opened", "risklog.review_annotated"]


def test_a_settled_review_does_not_take_the_next_trigger(at, two_functions):
    first = make.review()
    reviews.settle(first, outcome=Outcome.FALSE_ALARM, reason="Sensor", by=SYSTEM, at=at)

    assert make.review(about=first.about).pk != first.pk


def test_clearing_is_noted_and_settles_nothing(at, two_functions):
    group = make.breach_group()
    review = make.review(about=group.subject)

    review_handlers.on_breach_group_cleared(group.opened_by, at=at)

    review.refresh_from_db()
    assert review.state == ReviewState.OPEN
    assert verbs(review.subject_id).count("risklog.review_annotated") == 1


def test_fewest_open_reviews_is_asked_first(at):
    busy, free, other = (make.reviewer(slug) for slug in ("data-science", "data-science", "risk-management"))
    make.review()
    first = asked(Review.objects.get())

    second = asked(make.review())

    assert busy in first and free not in first
    assert second == {free, other}


def test_the_owner_team_is_preferred_for_one_function_only(at):
    team = people.team()
    make.reviewer("data-science")
    ours = make.reviewer("data-science", teams=[team])
    outsider = make.reviewer("risk-management")
    make.reviewer("risk-management", teams=[team])

    assert asked(make.review(of_model=make.model(owner_team=team))) == {ours, outsider}


def test_nobody_away_is_asked_and_the_stand_in_says_for_whom(at, two_functions):
    scientist, manager = two_functions
    stand_in = make.reviewer("engineering")
    make.away(scientist, stand_in=stand_in)

    review = make.review()

    assert asked(review) == {stand_in, manager}
    row = Reviewer.objects.get(user=stand_in)
    assert row.stands_in_for == scientist
    assert row.why == "For data science, stand-in for an absent colleague"


def test_the_flow_continues_without_people_and_says_what_is_missing(at):
    review = make.review()

    assert [one["code"] for one in review.missing] == [
        "no_model", "no_threshold", "no_function", "no_function", "nobody",
    ]  # fmt: skip
    assert review.missing[2]["text"] == "No one from data science is available."


def test_another_function_reviews_if_the_suitable_one_is_missing(at):
    scientist, engineer = make.reviewer("data-science"), make.reviewer("engineering")

    review = make.review(of_model=make.model())

    assert asked(review) == {scientist, engineer}
    assert [one["code"] for one in review.missing] == ["no_owner_team", "no_threshold", "no_function"]


def test_viewers_are_never_asked(at):
    people.user(role=Role.VIEWER, function=people.function("data-science"))

    assert not make.review().reviewers.exists()


def test_of_a_restricted_subject_those_who_see_it_are_asked_first_and_others_are_let_in(at):
    team = people.team()
    make.reviewer("data-science")
    insider = make.reviewer("data-science", teams=[team])
    outsider, stranger = make.reviewer("risk-management"), make.reviewer("platform-operations")
    group = make.breach_group(viewers=[team.subject_id])

    review = make.review(about=group.subject)

    assert asked(review) == {insider, outsider}
    assert Review.objects.visible_to(outsider).exists()
    assert Subject.objects.filter(pk=group.subject_id).visible_to(outsider).exists()
    assert not Review.objects.visible_to(stranger).exists()
    granted = Event.objects.get(verb="history.sight_granted")
    assert (granted.subject_id, granted.data["to"]) == (group.subject_id, outsider.subject_id)


@pytest.mark.parametrize(
    ("severity", "days"), [(Severity.CRITICAL, 1), (Severity.WARNING, 3)]
)  # fmt: skip
def test_it_is_due_in_working_days(at, severity, days):
    friday = at + timedelta(days=4)

    assert make.review(severity=severity, at=friday).due_at == friday + timedelta(days=days + 2)


def test_answering_changing_ones_mind_and_settling(at, two_functions):
    review, by = make.review(), make.actor(two_functions[0])

    reviewers.answer(review, verdict=Outcome.CONFIRMED, note="Seen in raw data", by=by, at=at)
    reviewers.answer(review, verdict=Outcome.FALSE_ALARM, note="Test traffic", by=by, at=at)
    settled = reviews.settle(review, outcome=Outcome.FALSE_ALARM, reason="Test traffic", by=by, at=at)

    row = Reviewer.objects.get(user=two_functions[0])
    assert (row.verdict, row.note, row.answered_at) == (Outcome.FALSE_ALARM, "Test traffic", at)
    assert (settled.state, settled.outcome, settled.settled_at) == (ReviewState.SETTLED, "false_alarm", at)
    with pytest.raises(IllegalMove):
        reviewers.answer(review, verdict=Outcome.CONFIRMED, by=by, at=at)
    with pytest.raises(IllegalMove):
        reviews.settle(review, outcome=Outcome.CONFIRMED, reason="Again", by=by, at=at)


def test_only_those_asked_answer_and_claiming_is_being_asked(at, two_functions):
    review, third = make.review(), make.actor(people.user())

    with pytest.raises(Refused, match="Take the lead first"):
        reviewers.answer(review, verdict=Outcome.CONFIRMED, by=third, at=at)
    reviewers.claim(review, by=third, at=at)
    reviewers.answer(review, verdict=Outcome.CONFIRMED, by=third, at=at)

    assert Review.objects.get().claimed_by == third.person
    with pytest.raises(Refused, match="is already the lead"):
        reviewers.claim(review, by=make.actor(two_functions[0]), at=at)
    assert reviewers.give_back(review, by=third, at=at).claimed_by is None


def test_asking_somebody_who_is_away_asks_the_stand_in(at):
    absent, stand_in = people.user(), people.user()
    make.away(absent, stand_in=stand_in)
    review = make.review()

    reviewers.ask(review, absent, by=SYSTEM, at=at)

    assert Reviewer.objects.get().stands_in_for == absent
    with pytest.raises(Refused, match="already a reviewer"):
        reviewers.ask(review, stand_in, by=SYSTEM, at=at)


def test_a_stand_in_who_could_not_answer_is_not_asked(at):
    absent, viewer = people.user(), people.user(role=Role.VIEWER)
    make.away(absent, stand_in=viewer)

    with pytest.raises(Refused, match="no stand-in is available"):
        reviewers.ask(make.review(), absent, by=SYSTEM, at=at)


def leave(person, at):
    persons.deactivate(person, by=make.actor(people.user(role=Role.ADMINISTRATOR)), at=at)


def test_nobody_waits_for_the_answer_of_whoever_left(at, two_functions):
    stays, goes = two_functions
    review = make.review()
    leave(goes, at)

    reviews.remind(due(review, reviews.REMINDER), at=at)
    reviewers.answer(review, verdict=Outcome.CONFIRMED, by=make.actor(stays), at=at)
    reviews.note_unanswered(due(review, reviews.UNANSWERED), at=review.due_at)

    reminded = Event.objects.get(verb="risklog.review_reminded")
    answered = Event.objects.get(verb="risklog.review_answered")
    assert (reminded.data["told"], answered.data["is_complete"]) == ([stays.pk], True)
    assert not Escalation.objects.exists()


def test_a_review_whose_reviewers_all_left_goes_up_the_ladder(at, two_functions):
    review = make.review()
    for person in two_functions:
        leave(person, at)

    reviews.note_unanswered(due(review, reviews.UNANSWERED), at=review.due_at)

    assert "no reviewers were available" in Escalation.objects.get().why


def test_settling_refuses_a_version_that_is_past(at):
    review = make.review()
    make.review(about=review.about)

    with pytest.raises(ChangedMeanwhile):
        reviews.settle(review, outcome=Outcome.CONFIRMED, reason="x", by=SYSTEM, at=at, seen=review.version)


@pytest.mark.parametrize("field", ["reason", "outcome"])
def test_settling_needs_an_outcome_and_a_reason(at, field):
    given = {"outcome": Outcome.CONFIRMED, "reason": "Seen"} | {field: ""}

    with pytest.raises(Refused) as refusal:
        reviews.settle(make.review(), **given, by=SYSTEM, at=at)

    assert refusal.value.field == field


def due(review, kind):
    return Due.objects.get(subject_id=review.subject_id, kind=kind)


def test_the_reminder_names_those_who_have_not_answered(at, two_functions):
    review = make.review()
    reviewers.answer(review, verdict=Outcome.CONFIRMED, by=make.actor(two_functions[0]), at=at)
    reminder = due(review, "risklog.review_reminder")

    reviews.remind(reminder, at=reminder.at)

    assert at < reminder.at < review.due_at
    assert Event.objects.get(verb="risklog.review_reminded").data["told"] == [two_functions[1].pk]


def test_unanswered_goes_up_the_ladder_in_the_same_transaction(at, two_functions):
    review = make.review()
    late = due(review, "risklog.review_unanswered")

    reviews.note_unanswered(late, at=late.at)
    reviews.note_unanswered(late, at=late.at)

    escalation = Escalation.objects.get()
    assert escalation.about_id == review.subject_id
    assert escalation.rung == 1
    noted = Event.objects.filter(verb="risklog.review_unanswered").order_by("id")
    assert Event.objects.get(verb="risklog.escalation_started").cause == noted[0]


def test_a_review_that_all_answered_is_not_escalated(at, two_functions):
    review = make.review()
    for person in two_functions:
        reviewers.answer(review, verdict=Outcome.CONFIRMED, by=make.actor(person), at=at)

    late = due(review, "risklog.review_unanswered")
    reviews.note_unanswered(late, at=late.at)

    assert not Escalation.objects.exists()


def test_what_presses_but_is_due_no_sooner_is_late_once(at, two_functions):
    review = make.review()
    soon = review.due_at - timedelta(hours=1)
    make.review(about=review.about, severity=Severity.CRITICAL, at=soon)

    acted = relay.act_on_dues(at=review.due_at)

    review.refresh_from_db()
    assert (acted.failed, review.severity) == (0, Severity.CRITICAL)
    assert verbs(review.subject_id).count("risklog.review_unanswered") == 1


def test_a_reminder_that_runs_after_the_due_time_is_left_to_the_ladder(at, two_functions):
    review = make.review()

    reviews.remind(due(review, reviews.REMINDER), at=review.due_at)

    assert "risklog.review_reminded" not in verbs(review.subject_id)


def test_a_date_of_an_earlier_due_time_finds_itself_out_of_date(at, two_functions):
    review = make.review()
    old = due(review, "risklog.review_unanswered")
    make.review(about=review.about, severity=Severity.CRITICAL)

    reviews.note_unanswered(old, at=old.at)

    assert not Escalation.objects.exists()


def test_withdrawing_quietens_the_dates(at):
    review = make.review(kind=SignalKind.LATENCY)

    reviews.withdraw(review, reason="Opened by mistake", by=SYSTEM, at=at)

    assert not Due.objects.filter(subject_id=review.subject_id, state="pending").exists()


def test_restricting_what_it_is_about_restricts_it_and_keeps_those_asked(at, two_functions):
    team, outsider = people.team(), people.user()
    about = make.model().subject
    review = make.review(about=about)
    escalation = make.escalation(about=review.subject)

    history.restrict(about, [team.subject_id])

    for row in (review, escalation):
        assert type(row).objects.visible_to(two_functions[0]).exists()
        assert not type(row).objects.visible_to(outsider).exists()
    history.restrict(about, None)
    assert Review.objects.visible_to(outsider).exists()


def test_a_review_opens_again_unless_another_of_its_subject_is_open(at):
    review = make.review()
    reviews.settle(review, outcome=Outcome.CONFIRMED, reason="Seen", by=SYSTEM, at=at)
    second = make.review(about=review.about)

    with pytest.raises(Refused, match="Another review of this item is already open"):
        reviews.reopen(review, reason="Too early", by=SYSTEM, at=at)
    reviews.withdraw(second, reason="One is enough", by=SYSTEM, at=at)
    opened = reviews.reopen(review, reason="Too early", by=SYSTEM, at=at)

    assert (opened.state, opened.outcome, opened.settled_at) == (ReviewState.OPEN, "", None)
    waiting = Due.objects.get(kind="risklog.review_unanswered", subject_id=opened.subject_id, state="pending")
    assert waiting.at == opened.due_at
    reviews.note_unanswered(waiting, at=waiting.at)
    assert Escalation.objects.get().about_id == opened.subject_id


def test_a_breach_that_cleared_before_its_event_was_processed_notifies_nobody(at, two_functions):
    group = make.breach_group()
    history.move(group, BreachState.CLEARED, by=SYSTEM, at=at, values={"cleared_at": at - timedelta(days=1)})

    review_handlers.on_breach_group_opened(group.opened_by, at=at)

    assert not Review.objects.exists()


def test_a_breach_that_cleared_still_needs_an_outcome_of_its_review(at, two_functions):
    group = make.breach_group()
    later = at + timedelta(minutes=1)
    history.move(group, BreachState.CLEARED, by=SYSTEM, at=later, values={"cleared_at": later})

    review_handlers.on_breach_group_opened(group.opened_by, at=later)

    assert Review.objects.get().state == ReviewState.OPEN


def test_a_breach_that_worsens_makes_its_review_critical_once(at, two_functions):
    group = make.breach_group(level=BreachLevel.WARNING)
    review_handlers.on_breach_group_opened(group.opened_by, at=at)
    due_at = Review.objects.get().due_at
    for _ in range(2):
        event = history.record(group, "signals.breach_worsened", by=SYSTEM, at=at)
        review_handlers.on_breach_worsened(event, at=at)
        assert Review.objects.get().severity == Severity.WARNING
    BreachGroup.objects.filter(pk=group.pk).update(level=BreachLevel.CRITICAL)

    for heard in (event, history.record(group, "signals.breach_worsened", by=SYSTEM, at=at)):
        review_handlers.on_breach_worsened(heard, at=at)
        review_handlers.on_breach_worsened(heard, at=at)

    review = Review.objects.get()
    assert (review.severity, review.triggers) == (Severity.CRITICAL, 2)
    assert review.due_at < due_at


@pytest.mark.parametrize(("settled_after", "count"), [(timedelta(0), 1), (-timedelta(hours=1), 2)])
def test_a_settled_warning_that_became_critical_gets_a_new_review(at, two_functions, settled_after, count):
    group = make.breach_group(level=BreachLevel.WARNING)
    review_handlers.on_breach_group_opened(group.opened_by, at=at)
    reviews.settle(
        Review.objects.get(), outcome=Outcome.CONFIRMED, reason="Seen", by=SYSTEM, at=at + settled_after
    )
    joined = history.record(group, "signals.breach_joined", by=SYSTEM, at=at)
    review_handlers.on_breach_joined(joined, at=at)
    assert Review.objects.count() == 1
    BreachGroup.objects.filter(pk=group.pk).update(level=BreachLevel.CRITICAL)
    event = history.record(group, "signals.breach_worsened", by=SYSTEM, at=at)

    for _ in range(2):
        review_handlers.on_breach_worsened(event, at=at)
        for again in Review.objects.filter(state=ReviewState.OPEN):
            reviews.settle(again, outcome=Outcome.CONFIRMED, reason="Seen", by=SYSTEM, at=at)

    assert Review.objects.count() == count
    assert Review.objects.latest("pk").severity == (Severity.CRITICAL if count == 2 else Severity.WARNING)


def test_a_model_registered_later_is_the_reviews_and_its_sight_too(at, two_functions):
    group = make.breach_group()
    review = make.review(about=group.subject)
    team = people.team()
    model = make.model(owner_team=team, viewers=[team.subject_id])
    event = history.change(group, {"model": model}, by=SYSTEM, at=at, verb="signals.breach_claimed")
    history.reroot([group.subject_id], model.subject)

    review_handlers.on_breach_claimed(event, at=at)
    review_handlers.on_breach_claimed(event, at=at)

    review = Review.objects.select_related("subject").get()
    assert review.model == model
    assert not {"no_model", "no_owner_team"} & {one["code"] for one in review.missing}
    group.subject.refresh_from_db()
    for subject in (review.subject, group.subject):
        assert (subject.root_id, subject.viewers) == (model.subject_id, [team.subject_id])
        assert all(subject.is_visible_to(person) for person in two_functions)
    assert verbs(review.subject_id).count("risklog.review_annotated") == 1
