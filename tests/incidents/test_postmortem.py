"""Post-incident reviews: opened, observed, answered, finished, chased; and reporting duties."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.models import Action
from actions.operations import action as actions
from catalogue.models import Model
from history.models import Due, Event
from incidents.blameless import hints
from incidents.models import Incident, Postmortem, ReportingDuty
from incidents.operations import duty as duties
from incidents.operations import incident as incidents
from incidents.operations import postmortem as operations
from incidents.operations.postmortem import LackingRisk
from incidents.queries.panel import of_risk
from incidents.queries.postmortem import for_pages
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from meetings.models import AgendaItem
from notices.models import Entry
from people.operations import token
from people.states import Role
from riskhub import schedule
from risklog.models import Escalation, Risk
from risklog.operations import risk as risk_operations
from tests.conftest import AT
from tests.factories import catalogue, meetings, people, risklog_review, risks
from tests.factories.incidents import incident, reviewed, written

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
DAY = timedelta(days=1)


def review_of(declared) -> Postmortem:
    return Postmortem.objects.select_related("subject", "incident__subject", "incident__model").get(
        incident=declared
    )


# ------------------------------------------------------------------ opening and observers


def test_a_resolved_incident_has_a_review_due_by_its_severity():
    people.organisation()
    for severity, day in (("critical", "2026-11-26"), ("high", "2026-11-30"), ("low", "2026-12-21")):
        assert str(review_of(incident(severity=severity, state="resolved")).due_on) == day


def test_resolving_again_keeps_the_review():
    declared = incident(state="resolved")
    first = review_of(declared)
    incidents.reopen(declared, reason="It is back", **BY)
    incidents.resolve(declared, **BY)
    assert review_of(declared).pk == first.pk and Postmortem.objects.count() == 1


def test_observers_are_from_teams_that_are_not_involved_and_are_told_why_them():
    team, other = people.team("Growth ML"), people.team("Fraud")
    owner, model_owner = people.user("Olga", teams=[team]), people.user("Mona", teams=[other])
    outsiders = [
        people.user("Oskar", function=people.function("engineering")),
        people.user("Rita", function=people.function("risk-management")),
    ]
    people.user("Vic", role=Role.VIEWER)
    declared = incident(team=team, models=[catalogue.model(owner_team=other)], person=people.user("Dora"))
    incidents.resolve(declared, **BY)
    schedule.tick(AT)

    review = review_of(declared)
    assert {row.user for row in review.observers.all()} == set(outsiders)
    assert not {owner, model_owner} & {row.user for row in review.observers.all()}
    entry = Entry.objects.get(user=outsiders[0], event__verb="incidents.postmortem_opened")
    assert "Next in rotation: engineering" in entry.why


def test_a_restricted_incident_is_observed_only_by_people_who_may_see_it():
    team, viewers = people.team("Growth ML"), people.team("Security")
    people.user("Stranger")
    seeing = people.user("Seeing", teams=[viewers])
    declared = incident(team=team, viewers=[viewers.subject_id], state="resolved")
    assert [row.user for row in review_of(declared).observers.all()] == [seeing]


# ------------------------------------------------------------------ which risk


def test_it_links_a_risk_of_the_log():
    review, risk = written(), risks.risk()
    operations.answer_risk(review, answer="linked", risk=risk, note="It was scored right.", **BY)
    review.refresh_from_db()
    assert (review.risk, review.risk_answer, review.risk_note) == (risk, "linked", "It was scored right.")
    assert [row.pk for row in of_risk(people.user(), risk).rows] == [review.incident_id]


def test_the_note_about_a_restricted_risk_is_not_shown_to_strangers(client):
    """A note that more people would read is refused. One about a risk restricted later is hidden with it."""
    team = people.team("Security")
    review, hidden, risk = written(), risks.risk(viewers=[team.subject_id]), risks.risk()
    with pytest.raises(Refused, match="on the page of the risk") as refusal:
        operations.answer_risk(review, answer="linked", risk=hidden, note="Canary", **BY)
    assert refusal.value.field == "note"
    review.refresh_from_db()
    operations.answer_risk(review, answer="linked", risk=hidden, **BY)
    operations.answer_risk(review, answer="linked", risk=risk, note="Canary", **BY)
    risk_operations.restrict(risk, teams=[team], **BY)
    stranger = people.user()
    client.force_login(stranger)

    _, text = token.issue(stranger, name="t", scope="read", **BY)
    row = client.get(
        f"/api/v1/post-incident-reviews/{review.pk}", headers={"Authorization": f"Bearer {text}"}
    )
    shown = client.get(f"/incidents/{review.incident.reference}/review/").content.decode()
    found = client.get("/search/?q=canary").content.decode()

    assert (row.json()["risk_reference"], row.json()["risk_note"]) == (None, "")
    assert "A risk that you may not see" in shown and "Canary" not in shown + found


def test_it_rescores_the_score_that_counts():
    inherent, residual = risks.risk(likelihood=2, impact=2), risks.risk(likelihood=4, impact=4)
    risk_operations.change(residual, {"residual_likelihood": 1, "residual_impact": 2}, **BY)
    operations.answer_risk(written(), answer="rescored", risk=inherent, likelihood=4, impact=3, **BY)
    operations.answer_risk(written(), answer="rescored", risk=residual, likelihood=4, impact=3, **BY)

    inherent.refresh_from_db(), residual.refresh_from_db()
    assert (inherent.likelihood, inherent.impact) == (4, 3)
    assert (residual.likelihood, residual.residual_likelihood, residual.residual_impact) == (4, 4, 3)


@pytest.mark.parametrize("score", [(1, 1), (4, 4), (3, 5), (5, 3)])
def test_a_rescoring_that_is_not_above_the_current_score_is_refused(score):
    risk, review = risks.risk(likelihood=4, impact=4), written()
    likelihood, impact = score
    with pytest.raises(
        Refused, match=r"The current score of R-\d+ is 16 \(likelihood 4, impact 4\)"
    ) as refusal:
        operations.answer_risk(
            review, answer="rescored", risk=risk, likelihood=likelihood, impact=impact, **BY
        )
    risk.refresh_from_db(), review.refresh_from_db()
    assert refusal.value.field == "likelihood" and risk.cell == (4, 4) and not review.risk_answer


def test_a_rescoring_is_compared_with_the_residual_score():
    risk = risks.risk(likelihood=4, impact=4)
    risk_operations.change(risk, {"residual_likelihood": 2, "residual_impact": 3}, **BY)
    with pytest.raises(Refused, match=r"is 6 \(likelihood 2, impact 3\)"):
        operations.answer_risk(written(), answer="rescored", risk=risk, likelihood=3, impact=2, **BY)
    operations.answer_risk(written(), answer="rescored", risk=risk, likelihood=2, impact=4, **BY)
    assert Risk.objects.get().cell == (2, 4)


def test_a_lower_rescoring_is_refused_on_the_page_and_by_api(client, mia):
    model = catalogue.model()
    review = written(incident(person=mia, model=model, state="resolved"))
    risk, base = (
        risks.risk(model=model, likelihood=4, impact=4),
        f"/incidents/{review.incident.reference}/review/",
    )
    assert "score 16" in client.get(base).content.decode()
    body = {"answer": "rescored", "risk": risk.reference, "likelihood": 1, "impact": 1}
    page = client.post(f"{base}risk/", {"version": review.version, **body})
    assert page.status_code == 422 and f"The current score of {risk.reference}" in page.content.decode()

    _, text = token.issue(mia, name="ci", scope="write", by=SYSTEM, at=AT)
    answer = client.post(
        f"/api/v1/post-incident-reviews/{review.incident.reference}/risk",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}", "If-Match": "*"},
    )
    assert answer.status_code in (400, 422) and "likelihood" in answer.content.decode()
    assert Risk.objects.get().cell == (4, 4)


def test_it_creates_the_risk_that_the_log_lacked_as_restricted_as_the_incident():
    team, stranger = people.team("Security"), people.user()
    model = catalogue.model()
    review = written(incident(model=model, viewers=[team.subject_id], state="resolved"))
    new = LackingRisk("The job fails silently", risks.category(), 4, 4)
    operations.answer_risk(review, answer="new", new=new, **BY)

    made = Risk.objects.get()
    assert (made.title, made.model, review.risk) == ("The job fails silently", model, made)
    assert not Risk.objects.visible_to(stranger).exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"answer": "nothing"}, "answer"),
        ({"answer": "linked"}, "risk"),
        ({"answer": "rescored", "risk": True}, "likelihood"),
        ({"answer": "rescored", "risk": True, "likelihood": 4, "impact": 4}, "likelihood"),
        ({"answer": "new"}, "title"),
    ],
)
def test_an_incomplete_answer_names_the_field(values, field):
    if "risk" in values:
        values = {**values, "risk": risks.risk(likelihood=4, impact=4)}
    with pytest.raises(Refused) as refusal:
        operations.answer_risk(written(), **values, **BY)
    assert refusal.value.field == field


# ------------------------------------------------------------------ improvements, finishing


def test_a_fourth_action_is_refused_and_a_dropped_one_makes_room():
    review = written()
    made = [operations.add_action(review, title=f"Step {n}", **BY) for n in range(3)]
    with pytest.raises(Refused, match="the most it can have") as refusal:
        operations.add_action(review, title="Step 4", **BY)
    assert refusal.value.field == "title"
    actions.drop(made[0], reason="Not worth it", **BY)
    assert operations.add_action(review, title="Step 4", **BY).about_id == review.subject_id


def test_an_action_of_a_review_is_due_today_or_later(client, mia):
    review = written(incident(person=mia, state="resolved"))
    today = AT.date()
    with pytest.raises(Refused, match="Choose today or a later day") as refusal:
        operations.add_action(review, title="Step", due_on=today - DAY, **BY)
    assert refusal.value.field == "due_on"
    base = f"/incidents/{review.incident.reference}/review/"
    once = client.get(base).content.decode().split('name="once" value="')[1].split('"')[0]
    refused = client.post(f"{base}actions/", {"once": once, "title": "Step", "due_on": str(today - DAY)})
    assert refused.status_code == 422 and "Choose today or a later day" in refused.content.decode()
    assert operations.add_action(review, title="Step", due_on=today, **BY).due_on == today


def test_it_cannot_be_finished_without_factors_causes_lessons_and_the_risk():
    review = review_of(incident(state="resolved"))
    with pytest.raises(Refused) as refusal:
        operations.finish(review, **BY)
    assert {refusal.value.field, *refusal.value.further} == {"factors", "whys", "lessons", "risk_answer"}
    with pytest.raises(Refused, match="which risk") as refusal:
        operations.finish(written(), **BY)
    assert refusal.value.field == "risk_answer"


def test_finishing_reviews_the_incident_and_ends_everything_that_waits():
    review = reviewed()
    review.incident.refresh_from_db()
    assert (review.state, review.incident.state) == ("done", "reviewed")
    assert not Due.objects.filter(subject=review.subject_id, state="pending").exists()
    for call in (
        lambda: operations.change(review, {"lessons": "x"}, **BY),
        lambda: operations.add_action(review, title="x", **BY),
        lambda: operations.finish(review, **BY),
    ):
        with pytest.raises(IllegalMove):
            call()


def test_a_review_of_an_incident_that_came_back_is_not_finished():
    review = written()
    operations.answer_risk(review, answer="linked", risk=risks.risk(), **BY)
    incidents.reopen(Incident.objects.get(), reason="It is back", **BY)
    with pytest.raises(IllegalMove, match="not resolved"):
        operations.finish(review, **BY)


def test_two_editors_lose_nothing():
    review = written()
    seen = review.version
    operations.change(review, {"lessons": "One"}, seen=seen, **BY)
    with pytest.raises(ChangedMeanwhile):
        operations.change(review_of(review.incident), {"lessons": "Two"}, seen=seen, **BY)


def test_the_chain_of_causes_has_an_end():
    with pytest.raises(Refused) as refusal:
        operations.change(written(), {"whys": ["why"] * 8}, **BY)
    assert refusal.value.field == "whys"


def test_texts_that_name_people_or_blame_get_a_hint():
    text = "Ana Moreau deployed it. It was human error. Anatole watched."
    found = hints(text, ["Ana Moreau", "Ben"])
    assert [hint.split(".")[0] for hint in found] == ["It names Ana Moreau", "“human error” asks who"]
    assert hints("The job failed without an alert.", ["Ana Moreau"]) == []


# ------------------------------------------------------------------ due dates and the agenda


def test_a_late_review_is_reminded_then_escalated_until_it_is_done(move_clock):
    people.organisation()
    lead = people.user("Lea")
    risklog_review.ladder(("team_lead", 60, None))
    declared = incident(team=people.team(lead=lead), state="resolved")
    review = review_of(declared)
    for days in range(1, 9):
        move_clock(AT + days * DAY)
        schedule.tick(AT + days * DAY)

    verbs = Event.objects.filter(subject=review.subject_id).order_by("pk").values_list("verb", flat=True)
    assert "incidents.postmortem_reminded" in verbs and "incidents.postmortem_overdue" in verbs
    assert Entry.objects.filter(user=lead, event__verb="incidents.postmortem_overdue").exists()
    escalation = Escalation.objects.get(about=review.subject_id)
    written(declared)
    operations.answer_risk(review_of(declared), answer="linked", risk=risks.risk(), **BY)
    operations.finish(review_of(declared), by=SYSTEM, at=AT + 9 * DAY)
    escalation.refresh_from_db()
    assert escalation.state == "resolved"


def test_a_late_review_waits_while_its_incident_is_open_again(client, mia, move_clock):
    risklog_review.ladder(("team_lead", 60, None))
    declared = incident(team=people.team(lead=people.user("Lea")), state="resolved")
    review = review_of(declared)
    dues = Due.objects.filter(subject=review.subject_id, state="pending")

    def live_through(first: int, last: int) -> None:
        for days in range(first, last):
            move_clock(AT + days * DAY)
            schedule.tick(AT + days * DAY)

    live_through(1, 9)
    escalation = Escalation.objects.get(about=review.subject_id)
    assert client.get("/incidents/reviews/?show=overdue").context["page"].rows
    incidents.reopen(declared, reason="It is back", by=SYSTEM, at=AT + 9 * DAY)

    escalation.refresh_from_db()
    assert escalation.state == "resolved" and "open again" in escalation.reason and not dues.exists()
    live_through(9, 19)
    assert Escalation.objects.count() == 1
    assert not client.get("/incidents/reviews/?show=overdue").context["page"].rows
    address, overdue = f"/incidents/{declared.reference}/review/", "It is escalated until it is done."
    page = client.get(address).content.decode()
    assert overdue not in page and "The incident is open." in page
    assert "waits until the incident is resolved" in client.get("/incidents/reviews/").content.decode()

    incidents.resolve(declared, by=SYSTEM, at=AT + 19 * DAY)
    assert dues.count() == 2
    live_through(19, 31)
    assert Escalation.objects.filter(about=review.subject_id).exclude(state="resolved").count() == 1
    assert overdue in client.get(address).content.decode()


def test_a_severe_incident_and_its_review_are_on_the_agenda_until_they_are_done():
    team = people.team("Growth ML")
    people.member(team, people.user())
    meetings.series(team)
    declared = incident(team=team, severity="critical")
    schedule.tick(AT)
    item = AgendaItem.objects.get(about=declared.subject_id)
    incidents.resolve(declared, **BY)
    schedule.tick(AT)
    schedule.tick(AT)

    item.refresh_from_db()
    review_item = AgendaItem.objects.get(about=review_of(declared).subject_id)
    assert (item.state, review_item.state) == ("done", "waiting")
    written(declared)
    operations.answer_risk(review_of(declared), answer="linked", risk=risks.risk(), **BY)
    operations.finish(review_of(declared), **BY)
    schedule.tick(AT)
    review_item.refresh_from_db()
    assert review_item.state == "done"


@pytest.mark.parametrize("severity", ["high", "critical"])
def test_the_reasons_on_the_agenda_name_the_severity_of_the_incident_once(severity):
    team = people.team("Growth ML")
    people.member(team, people.user())
    meetings.series(team)
    declared = incident(team=team, severity=severity)
    next_meeting = f"{severity} incident, so it goes to the next meeting"
    schedule.tick(AT)
    assert AgendaItem.objects.get().why == next_meeting.capitalize()

    incidents.resolve(declared, **BY)
    schedule.tick(AT)
    item = AgendaItem.objects.get(about=review_of(declared).subject_id)
    assert item.why == f"Which risk should have caught it, and what follows; {next_meeting}"


def test_a_new_severity_is_named_by_the_items_that_are_on_an_agenda_already():
    team = people.team("Growth ML")
    people.member(team, people.user())
    meetings.series(team)
    declared = incident(team=team, severity="critical")
    schedule.tick(AT)
    so = "so it goes to the next meeting"

    incidents.change(declared, {"severity": "high"}, **BY)
    schedule.tick(AT)
    assert AgendaItem.objects.get().why == f"High incident, {so}"

    incidents.resolve(declared, **BY)
    schedule.tick(AT)
    item = AgendaItem.objects.get(about=review_of(declared).subject_id)
    AgendaItem.objects.filter(pk=item.pk).update(why=f"{item.why}; asked by Ana")
    incidents.change(declared, {"severity": "medium"}, **BY)
    schedule.tick(AT)
    item.refresh_from_db()
    assert item.why == "Which risk should have caught it, and what follows; medium incident; asked by Ana"


def test_an_incident_of_low_severity_is_on_no_agenda():
    team = people.team("Growth ML")
    people.member(team, people.user())
    meetings.series(team)
    incident(team=team, severity="low")
    schedule.tick(AT)
    assert not AgendaItem.objects.exists()


# ------------------------------------------------------------------ reporting duties


def test_a_duty_becomes_an_action_with_its_date_once():
    people.organisation()
    duties.add(name="Report to the supervisor", severity="high", days=3, details="By form 7", **BY)
    duties.add(name="Report a data breach", severity="low", days=1, is_for_personal_data=True, **BY)
    low = incident(severity="low")
    assert not Action.objects.exists()
    incidents.change(low, {"severity": "critical"}, **BY)
    incidents.change(low, {"severity": "high"}, **BY)

    action = Action.objects.get()
    assert action.title == f"Report to the supervisor: {low.reference}"
    assert (action.due_on, action.about_id) == ((AT + 3 * DAY).date(), low.subject_id)


def test_a_duty_for_personal_data_applies_to_models_that_have_some():
    people.organisation()
    duty = duties.add(name="Report a data breach", severity="low", days=1, is_for_personal_data=True, **BY)
    personal = catalogue.model()
    Model.objects.filter(pk=personal.pk).update(has_personal_data=True)
    personal.refresh_from_db()
    incident(severity="low", model=personal)
    assert Action.objects.count() == 1
    duties.retire(duty, **BY)
    incident(severity="low", model=personal)
    assert Action.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": " "}, "name"), ({"severity": "awful"}, "severity"), ({"days": 366}, "days")],
)
def test_a_bad_duty_names_the_field(fields, field):
    with pytest.raises(Refused) as refusal:
        duties.add(**{"name": "Report", "severity": "high", "days": 3, **fields}, **BY)
    assert refusal.value.field == field


def test_administrators_set_duties_on_a_page(client):
    people.organisation()
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    once = client.get("/incidents/duties/new/").content.decode().split('name="once" value="')[1].split('"')[0]
    client.post("/incidents/duties/new/", {"once": once, "name": "Report it", "severity": "high", "days": 3})
    duty = ReportingDuty.objects.get()
    assert "Report it" in client.get("/incidents/duties/").content.decode()
    client.post(f"/incidents/duties/{duty.pk}/retire/", {"version": duty.version})
    assert "retired" in client.get("/incidents/duties/").content.decode()


# ------------------------------------------------------------------ pages and the API


@pytest.fixture
def mia(client):
    people.organisation()
    person = people.user("Mia", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def test_a_review_is_written_answered_and_finished_on_its_page(client, mia):
    declared = incident(person=mia, state="resolved")
    risk, base = risks.risk(), f"/incidents/{declared.reference}/review/"
    texts = {"factors": "No alert", "why_1": "a", "why_2": "b", "why_3": "c", "lessons": "Mia should alert"}

    def post(path, **values):
        return client.post(f"{base}{path}", {"version": review_of(declared).version, **values})

    assert "Not answered yet" in client.get(base).content.decode()
    post("edit/", **texts)
    assert "It names Mia" in client.get(base).content.decode()
    refused = post("finish/")
    assert refused.status_code == 422 and "which risk should have caught" in refused.content.decode()
    unknown = post("risk/", answer="linked", risk="R-99999")
    assert unknown.status_code == 422 and "was not found" in unknown.content.decode()
    post("risk/", answer="rescored", risk=risk.reference, likelihood=5, impact=5)
    post("finish/")

    assert review_of(declared).state == "done" and Risk.objects.get().likelihood == 5
    assert risk.reference in client.get(base).content.decode()


def test_the_fourth_action_is_refused_on_the_page(client, mia):
    review = written(incident(person=mia, state="resolved"))
    base = f"/incidents/{review.incident.reference}/review/"
    page = client.get(base).content.decode()
    once = page.split('name="once" value="')[1].split('"')[0]
    for number in range(3):
        operations.add_action(review, title=f"Step {number}", **BY)
    refused = client.post(f"{base}actions/", {"once": once, "title": "Step 4"})
    assert refused.status_code == 422 and "most it can have" in refused.content.decode()


def test_a_risk_that_the_reader_may_not_see_is_on_no_page_and_in_no_answer(client, mia):
    team = people.team("Security")
    review = written(incident(person=mia, state="resolved"))
    operations.answer_risk(
        review, answer="linked", risk=risks.risk("Zanzibar", viewers=[team.subject_id]), **BY
    )
    reader = people.user()
    client.force_login(reader)
    for address in ("/incidents/reviews/", f"/incidents/{review.incident.reference}/review/"):
        page = client.get(address).content.decode()
        assert review.incident.title in page and "Zanzibar" not in page and review.risk.reference not in page
    row = client.get("/api/v1/post-incident-reviews").json()["results"][0]
    assert row["risk_reference"] is None and row["risk_answer"] == "linked"


def test_the_list_takes_the_same_queries_for_one_and_for_three(client, mia):
    people.user("Oskar", function=people.function("engineering"))
    written()
    client.get("/incidents/reviews/")
    with CaptureQueriesContext(connection) as one:
        client.get("/incidents/reviews/")
    written(), written()
    with CaptureQueriesContext(connection) as three:
        page = client.get("/incidents/reviews/")
    assert len(page.context["page"].rows) == 3 and len(one) == len(three)
    assert not client.get("/incidents/reviews/?show=overdue").context["page"].rows


def test_by_api(client, mia):
    _, text = token.issue(mia, name="ci", scope="write", by=SYSTEM, at=AT)
    review = review_of(incident(person=mia, state="resolved"))
    base = f"/api/v1/post-incident-reviews/{review.incident.reference}"

    def call(method, path, body, etag):
        headers = {"Authorization": f"Bearer {text}", "If-Match": etag}
        data = json.dumps(body)
        return getattr(client, method)(
            f"{base}{path}", data, content_type="application/json", headers=headers
        )

    got = client.get(base, headers={"Authorization": f"Bearer {text}"})
    body = {"factors": "No alert", "whys": ["a", "b", "c"], "lessons": "Alert on it"}
    changed = call("patch", "", body, got["ETag"])
    assert changed.json()["whys"] == ["a", "b", "c"]
    missing = call("post", "/risk", {"answer": "new", "title": "It fails"}, changed["ETag"])
    assert missing.status_code == 400
    new = {
        "answer": "new",
        "title": "It fails",
        "category": risks.category().slug,
        "likelihood": 4,
        "impact": 4,
    }
    answered = call("post", "/risk", new, changed["ETag"])
    assert answered.json()["risk_reference"] == Risk.objects.get().reference
    assert call("post", "/actions", {"title": "Alert on it"}, "*").status_code == 201
    assert call("post", "/finish", {}, answered["ETag"]).json()["state"] == "done"
    assert len(for_pages(mia)) == 1


def test_who_may_not_change_a_risk_does_not_rescore_it(client):
    people.organisation()
    member = people.user("Ben")
    client.force_login(member)
    review = written(incident(person=member, state="resolved"))
    risk = risks.risk(person=people.user())
    values = {
        "version": review.version,
        "answer": "rescored",
        "risk": risk.reference,
        "likelihood": 5,
        "impact": 5,
    }
    page = client.post(
        f"/incidents/{review.incident.reference}/review/risk/", values | {"note": "It was seen"}
    )
    assert page.status_code == 422
    assert "You may not rescore R-" in page.content.decode() and "It was seen" in page.content.decode()
    assert Risk.objects.get().likelihood == 4
