"""Something is missing: the flow continues, and the page says what is missing and links the fix."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import escape

from actions.models import Action
from actions.operations import action as actions
from catalogue.operations import model as models
from history.models import Event
from kit.actor import SYSTEM, Actor
from meetings.models import AgendaItem
from notices.models import Entry
from people.models import User
from people.operations import organisation
from people.operations import person as persons
from people.states import Role
from riskhub import schedule
from risklog.models import Escalation, Ladder, Review
from signals.models import BreachGroup, Series
from tests.conftest import AT
from tests.factories import catalogue, people, risklog_review, signals
from tests.factories import meetings as meetings_
from tests.factories.actions import action as an_action

pytestmark = pytest.mark.django_db
NO_MEETING = "<b>No suitable meeting</b>"
LATER = AT + timedelta(minutes=5)


@pytest.fixture
def house(at):
    return organisation.found(name="Northwind", is_sample=True, by=SYSTEM, at=at)


@pytest.fixture
def staff(house):
    """A team of two functions."""
    science, engineering = people.function("data-science"), people.function("data-engineering")
    ana = people.user("Ana Moreau", function=science)
    jonas = people.user("Jonas Keller", function=engineering)
    return people.team("Growth ML", lead=ana), ana, jonas


@pytest.fixture
def team(staff):
    for person in staff[1:]:
        people.member(staff[0], person)
    return staff[0]


def alerted(model="fraud-score", *, at=AT):
    """Receive an alert of a model and process everything that follows. Returns its review."""
    signals.alerts(signals.sent_alert(model=model, starts=at), at=at)
    schedule.tick(at + timedelta(minutes=1))
    return Review.objects.select_related("subject").latest("pk")


def take(client, action):
    """Press the button that assigns an action to the reader, on the current page."""
    version = Action.objects.get(pk=action.pk).version
    client.post(reverse("actions:action_take", args=[action.reference]), {"version": version})


def read(client, user, obj_or_url):
    """Return the text of the page."""
    client.force_login(user)
    url = obj_or_url if isinstance(obj_or_url, str) else page_of(obj_or_url)
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def page_of(obj):
    name = {"Review": "risklog:review_detail", "BreachGroup": "signals:breach_detail"}[type(obj).__name__]
    return reverse(name, args=[obj.reference])


def mended_at(name_, *args, **query):
    """Return the link or form with which a person can fix it."""
    address = reverse(name_, args=args)
    return escape(address + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""))


# ------------------------------------------------------------------ model, owner team


def test_an_unknown_model_has_its_review_and_is_registered_from_the_breach(client, staff, team):
    _, ana, _ = staff
    meetings_.series(team)

    review = alerted("nobody-knows")

    group = BreachGroup.objects.get()
    page = read(client, ana, group)
    assert "“nobody-knows” is not registered" in page
    assert mended_at("catalogue:model_create", name="nobody-knows") in page
    page = read(client, ana, review)
    assert "No registered model is known for this item." in page
    assert mended_at("catalogue:model_create", name="nobody-knows") in page
    assert NO_MEETING in page


def test_a_model_registered_later_gets_its_review_and_a_place_on_an_agenda(client, staff, team):
    _, ana, _ = staff
    meetings_.series(team)
    review = alerted("nobody-knows")

    models.add(slug="nobody-knows", name="Nobody knows", owner_team=team, by=Actor(ana, "page"), at=LATER)
    schedule.tick(LATER)

    review.refresh_from_db()
    assert review.model.slug == "nobody-knows"
    assert AgendaItem.objects.filter(about=review.subject_id).exists()
    page = read(client, ana, review)
    assert "No registered model is known for this item." not in page
    assert NO_MEETING not in page


def test_a_model_without_owner_team_gets_a_review_that_links_the_form_of_the_team(client, staff, team):
    _, ana, _ = staff
    meetings_.series(team)
    model = catalogue.model("fraud-score")

    review = alerted()

    assert review.reviewers.count() >= 2
    page = read(client, ana, review)
    assert "Its model has no owner team." in page
    assert mended_at("catalogue:model_detail", model.slug) in page
    manager = people.user(role=Role.RISK_MANAGER)
    assert mended_at("catalogue:model_edit", model.slug) in read(
        client, manager, reverse("catalogue:model_detail", args=[model.slug])
    )


def test_an_owner_team_named_later_gives_the_waiting_review_its_meeting(client, staff, team):
    _, ana, _ = staff
    meetings_.series(team)
    model = catalogue.model("fraud-score")
    review = alerted()

    models.change(model, {"owner_team": team}, by=Actor(ana, "page"), at=LATER)
    schedule.tick(LATER)

    assert AgendaItem.objects.filter(about=review.subject_id).exists()
    assert "Its model has no owner team." not in read(client, ana, review)


# ------------------------------------------------------------------ people


def test_people_of_one_function_are_asked_and_the_review_says_so(client, house):
    lone = people.user("Ana Moreau", function=people.function("data-science"))

    review = alerted()

    assert [one.user for one in review.reviewers.all()] == [lone]
    page = read(client, lone, review)
    assert "All reviewers are from one function." in page
    assert mended_at("people:person_list") in page
    assert mended_at("risklog:review_step", review.reference, "ask") in page


def test_people_without_a_function_are_not_asked_and_the_review_says_so(client, house):
    person = people.user("Nadia Novak")

    review = alerted()

    assert not review.reviewers.exists()
    page = read(client, person, review)
    assert "No reviewers are available." in page
    assert mended_at("risklog:review_step", review.reference, "claim") in page


def test_with_nobody_in_the_organisation_all_of_it_is_there_once_somebody_comes(client, house):
    assert not User.objects.exists()

    review = alerted()
    schedule.tick(review.due_at + timedelta(minutes=1))

    climb = Escalation.objects.get(about_id=review.subject_id)
    administrator = people.user("Ada Administrator", role=Role.ADMINISTRATOR)
    page = read(client, administrator, review)
    assert "No reviewers are available." in page
    assert mended_at("people:person_list") in page
    page = read(client, administrator, reverse("risklog:escalation_detail", args=[climb.reference]))
    assert mended_at("risklog:ladder_list") in page
    assert mended_at("people:person_create") in read(client, administrator, reverse("people:person_list"))


# ------------------------------------------------------------------ ladder


def test_without_a_ladder_a_standard_one_is_created_and_visible_to_everybody(client, house):
    ana = people.user("Ana Moreau", function=people.function("data-science"))
    action = an_action("Check the feed", by=Actor(ana, "page"))
    assert not Ladder.objects.exists()

    risklog_review.escalation(about=action.subject, by=Actor(ana, "page"))

    assert Escalation.objects.filter(about=action.subject_id).exists()
    assert Ladder.objects.first().name in read(client, ana, reverse("risklog:ladder_list"))


def test_the_ladder_of_another_team_is_used_if_there_is_no_other(client, house):
    ana = people.user("Ana Moreau", function=people.function("data-science"))
    lone = risklog_review.ladder(("person", 60, {"person": ana}), team=people.team("Elsewhere"))
    action = an_action("Check the feed", by=Actor(ana, "page"))

    climb = risklog_review.escalation(about=action.subject, by=Actor(ana, "page"))

    assert climb.ladder_version.ladder == lone
    assert lone.name in read(client, ana, reverse("risklog:escalation_detail", args=[climb.reference]))


# ------------------------------------------------------------------ meetings


def test_without_any_series_the_review_says_so_and_a_later_series_takes_it(client, staff, team):
    _, ana, _ = staff
    catalogue.model("fraud-score", owner_team=team)

    review = alerted()

    assert Event.objects.filter(verb="meetings.no_meeting_found", subject=review.subject_id).count() == 1
    manager = people.user(role=Role.RISK_MANAGER)
    page = read(client, manager, review)
    assert NO_MEETING in page
    assert mended_at("meetings:series_create") in page
    assert "A risk manager can fix this" in read(client, ana, review)

    meetings_.series(team, at=LATER)
    schedule.tick(LATER)

    assert AgendaItem.objects.filter(about=review.subject_id).exists()
    assert NO_MEETING not in read(client, ana, review)


def test_a_series_without_the_team_takes_the_review_once_the_team_joins_it(client, staff, team):
    from meetings.operations import series as all_series

    catalogue.model("fraud-score", owner_team=team)
    series = meetings_.series(people.team("Elsewhere"))
    review = alerted()
    manager = people.user(role=Role.RISK_MANAGER)
    page = read(client, manager, review)
    assert "has no meeting series" in page
    assert mended_at("meetings:meeting_list") in page

    all_series.change(series, {"teams": [team]}, by=Actor(manager, "page"), at=LATER)
    schedule.tick(LATER)

    assert AgendaItem.objects.filter(about=review.subject_id).exists()


def test_a_kind_no_focus_lists_is_taken_once_a_focus_lists_it(client, staff, team):
    from meetings.operations import focus as focuses

    catalogue.model("fraud-score", owner_team=team)
    series = meetings_.series(team)
    for focus in series.focuses.filter(is_retired=False, kinds__contains=["drift"]):
        focuses.change(focus, {"kinds": ["latency"]}, by=SYSTEM, at=AT)
    review = alerted()
    manager = people.user(role=Role.RISK_MANAGER)
    page = read(client, manager, review)
    assert "No focus of its team" in page
    assert mended_at("meetings:meeting_list") in page

    focuses.change(series.focuses.first(), {"kinds": ["drift"]}, by=Actor(manager, "page"), at=LATER)
    schedule.tick(LATER)

    assert AgendaItem.objects.filter(about=review.subject_id).exists()


# ------------------------------------------------------------------ actions


def test_an_action_without_owner_and_date_is_open_and_its_page_gives_it_both(client, staff, team):
    _, ana, _ = staff
    action = an_action("Check the feed", by=Actor(ana, "page"))
    schedule.tick(LATER)

    page = read(client, ana, reverse("actions:action_detail", args=[action.reference]))

    assert "No owner yet" in page
    assert mended_at("actions:action_take", action.reference) in page
    assert "No due date" in page
    assert mended_at("actions:action_edit", action.reference) in page

    take(client, action)
    action = Action.objects.select_related("subject").get(pk=action.pk)
    actions.change(action, {"due_on": (AT + timedelta(days=3)).date()}, by=Actor(ana, "page"), at=LATER)

    page = read(client, ana, reverse("actions:action_detail", args=[action.reference]))
    assert "No owner yet" not in page and "No due date" not in page


def test_an_overdue_action_without_owner_climbs(client, staff, team):
    _, ana, _ = staff
    action = an_action("Check the feed", by=Actor(ana, "page"), due_on=AT.date())

    for day in range(1, 8):
        schedule.tick(AT + timedelta(days=day))

    assert Escalation.objects.filter(about=action.subject_id).exists()
    page = read(client, ana, reverse("actions:action_detail", args=[action.reference]))
    assert mended_at("actions:action_take", action.reference) in page


# ------------------------------------------------------------------ who left


@pytest.fixture
def gone(staff, team):
    """A team member who owns objects and is deactivated, and the administrator who does that."""
    person, boss = people.user("Gil Gone", teams=[team]), people.user(role=Role.ADMINISTRATOR)
    return person, lambda: persons.deactivate(person, by=Actor(boss, "page"), at=AT)


def test_an_action_of_somebody_who_left_says_so_and_any_member_takes_it(client, staff, team, gone):
    owner, leave = gone
    action = an_action("Check the feed", owner=owner, due_on=(AT + timedelta(days=3)).date())
    leave()
    other = people.user("Olu Other")
    address = reverse("actions:action_detail", args=[action.reference])

    page = read(client, other, address)
    assert "Gil Gone has left" in page
    assert mended_at("actions:action_take", action.reference) in page
    take(client, action)

    assert "has left" not in read(client, other, address)
    assert Action.objects.get(pk=action.pk).owner == other


def test_a_risk_of_somebody_who_left_says_so_and_is_listed_as_unowned_until_it_is_assigned(
    client, staff, team, gone
):
    from risklog.states import RiskState
    from tests.factories import risks

    owner, leave = gone
    _, lead, _ = staff
    risk = risks.risk(owner=owner, team=team, state=RiskState.ACCEPTED)
    leave()
    manager = people.user(role=Role.RISK_MANAGER)

    page = read(client, manager, reverse("risklog:risk_detail", args=[risk.reference]))
    assert "Gil Gone has left" in page
    assert mended_at("risklog:risk_edit", risk.reference) in page
    assert "Risks without an owner" in read(client, manager, "/")

    schedule.tick(AT + timedelta(days=100))
    told = Entry.objects.filter(event__verb="risklog.risk_acceptance_ended")
    assert [one.user for one in told] == [lead]


# ------------------------------------------------------------------ thresholds


def test_a_breach_without_limits_gets_a_review_that_says_no_threshold_is_agreed(client, staff, team):
    _, ana, _ = staff
    catalogue.model("fraud-score", owner_team=team)
    body = signals.sent_alert()
    body["annotations"] = {}
    signals.alerts(body)
    schedule.tick(LATER)

    review = Review.objects.get()
    page = read(client, ana, review)
    assert "no threshold is agreed in Riskhub" in page
    series = Series.objects.first()
    if series is not None:
        assert mended_at("signals:series_detail", series.pk) in page
    read(client, ana, BreachGroup.objects.get())


def test_points_of_a_series_without_threshold_are_kept_and_the_page_offers_one(client, staff, team):
    _, ana, _ = staff
    series = signals.series("nobody-knows", values=(0.1, 0.9, 42))
    schedule.tick(LATER)

    assert not BreachGroup.objects.exists()
    page = read(client, ana, reverse("signals:series_detail", args=[series.pk]))
    assert "No threshold, so breaches of this series are not detected." in page
    assert mended_at("signals:threshold_create", series.pk) in page


def test_a_source_without_owner_says_so_and_is_given_one(client, staff, team):
    signals.series()
    manager = people.user(role=Role.RISK_MANAGER)
    source = signals.source()

    page = read(client, manager, reverse("signals:source_detail", args=[source.pk]))

    assert "Unassigned" in page
    assert mended_at("signals:source_edit", source.pk) in page


def test_a_risk_without_owner_team_model_or_date_is_shown_and_can_be_edited(client, staff, team):
    from tests.factories import risks

    _, ana, _ = staff
    risk = risks.risk(person=ana)
    schedule.tick(LATER)

    page = read(client, ana, reverse("risklog:risk_detail", args=[risk.reference]))

    assert mended_at("risklog:risk_edit", risk.reference) in page
