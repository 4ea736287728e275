"""Reviews that wait for their incident: they are not due, and nobody is reminded of them."""

from datetime import timedelta

import pytest

from history.models import Due, Event
from incidents.models import Incident, Postmortem
from incidents.models.postmortem import CAN_FINISH, WAITS
from incidents.operations import incident as incidents
from incidents.operations import postmortem as reviews
from incidents.operations import role, waiting_review
from incidents.queries.elsewhere import mine
from kit.actor import SYSTEM
from kit.refusals import IllegalMove
from meetings.models import AgendaItem
from meetings.operations import incident_items
from people.states import Role
from riskhub import schedule
from risklog.models import Escalation
from tests.conftest import AT
from tests.factories import meetings, people, risklog_review, risks
from tests.factories.incidents import incident, reviewed, written

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
DAY = timedelta(days=1)


def back_to(declared, state: str) -> None:
    """Take a resolved incident back to a state in which its review waits."""
    incidents.reopen(declared, reason="It is back", **BY)
    if state == "mitigated":
        incidents.mitigate(declared, **BY)
    if state == "withdrawn":
        incidents.withdraw(declared, reason="It was a test", **BY)


@pytest.mark.parametrize(
    ("state", "notice", "date"),
    [
        ("open", "The incident is open.", "waits until the incident is resolved"),
        ("mitigated", "The incident is mitigated.", "waits until the incident is resolved"),
        ("withdrawn", "The incident is withdrawn.", "not due: the incident is withdrawn"),
    ],
)
def test_a_late_review_that_waits_says_so_wherever_it_is_shown(client, move_clock, state, notice, date):
    people.organisation()
    ana = people.user("Ana", role=Role.RISK_MANAGER)
    declared = incident("It came back", state="resolved")
    role.assign(declared, role="lead", person=ana, **BY)
    move_clock(AT + 30 * DAY)
    client.force_login(ana)
    reviews_page, my_week = "/incidents/reviews/", "/incidents/mine/"
    assert "d late" in client.get(my_week).content.decode()
    assert "d late" in client.get(reviews_page).content.decode()

    back_to(declared, state)

    for path in (reviews_page, my_week, f"/incidents/{declared.reference}/review/"):
        page = client.get(path).content.decode()
        assert date in page and "d late" not in page, path
    assert notice in client.get(f"/incidents/{declared.reference}/review/").content.decode()
    assert date in client.get(f"/incidents/{declared.reference}/").content.decode()
    assert not client.get(f"{reviews_page}?show=overdue").context["page"].rows
    assert client.get("/api/v1/post-incident-reviews?show=overdue").json()["results"] == []
    assert declared.title not in client.get("/risks/checks/").content.decode()


@pytest.mark.parametrize("state", ["open", "mitigated", "withdrawn"])
def test_the_condition_and_the_property_of_a_review_that_waits_agree(state):
    people.organisation()
    waiting = incident(state="resolved")
    incident(state="resolved")
    reviewed(incident(state="resolved"))
    back_to(waiting, state)

    waits = set(Postmortem.objects.filter(WAITS))
    assert waits == {review for review in Postmortem.objects.all() if review.waits}
    assert {review.incident for review in waits} == {waiting}
    can_finish = set(Postmortem.objects.filter(CAN_FINISH))
    assert can_finish == set(Postmortem.objects.filter(state="open")) - waits and len(can_finish) == 1


def test_my_week_has_the_reviews_that_wait_after_those_that_are_due():
    people.organisation()
    ana = people.user("Ana")
    first, second = (incident(state="resolved", at=AT + days * DAY) for days in (0, 1))
    for declared in (first, second):
        role.assign(declared, role="lead", person=ana, **BY)
    assert [review.incident for review in mine(ana).reviews] == [first, second]
    incidents.reopen(first, reason="It is back", **BY)
    assert [review.incident for review in mine(ana).reviews] == [second, first]


@pytest.mark.parametrize(
    ("state", "reason"),
    [("open", "open again"), ("mitigated", "not resolved any more"), ("withdrawn", "withdrawn")],
)
def test_reviews_that_waited_before_the_upgrade_are_chased_no_more(monkeypatch, move_clock, state, reason):
    people.organisation()
    risklog_review.ladder(("team_lead", 60, None))
    kept, early, late = (
        incident(team=people.team(lead=people.user()), state="resolved", at=at)
        for at in (AT, AT, AT - 9 * DAY)
    )
    schedule.tick(AT)
    assert Escalation.objects.get().about_id == Postmortem.objects.get(incident=late).subject_id
    monkeypatch.setattr(waiting_review, "wait_for", lambda *args, **named: None)  # as the release before
    for declared in (early, late):
        back_to(declared, state)
    dues = Due.objects.filter(kind__in=(reviews.REMINDER, reviews.OVERDUE), state="pending")
    assert dues.filter(subject=Postmortem.objects.get(incident=early).subject_id).count() == 2

    schedule.tidy()

    assert {due.subject_id for due in dues} == {Postmortem.objects.get(incident=kept).subject_id}
    escalation = Escalation.objects.get()
    assert escalation.state == "resolved" and reason in escalation.reason
    written_so_far = Event.objects.count()
    assert waiting_review.stop_where_missing(at=AT) == 0
    assert Event.objects.count() == written_so_far


def test_reviews_that_waited_before_the_upgrade_leave_the_agenda():
    team = people.team("Growth ML")
    people.member(team, people.user())
    meetings.series(team)
    left, kept = (incident(team=team, state="resolved") for _ in range(2))
    schedule.tick(AT)
    items = {one.pk: AgendaItem.objects.get(about=one.postmortem.subject_id) for one in (left, kept)}
    Incident.objects.filter(pk=left.pk).update(state="open", resolved_at=None)  # as the release before

    schedule.tidy()

    for item in items.values():
        item.refresh_from_db()
    assert (items[left.pk].state, items[kept.pk].state) == ("done", "waiting")
    assert items[left.pk].why == "The incident is not resolved"
    assert incident_items.finish_where_waiting(at=AT) == 0


def test_the_review_of_a_withdrawn_incident_is_refused_with_the_true_state():
    people.organisation()
    review = written()
    reviews.answer_risk(review, answer="linked", risk=risks.risk(), **BY)
    back_to(review.incident, "withdrawn")
    with pytest.raises(IllegalMove, match="The incident is withdrawn"):
        reviews.finish(review, **BY)
