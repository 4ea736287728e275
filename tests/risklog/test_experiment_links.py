"""Experiments beside other objects: one click to propose one, panels, the agenda, and what follows."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from history import relay
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from kit.sight import EVERYONE
from meetings.models import AgendaItem
from meetings.operations import check_in as check_ins
from meetings.queries import model_health
from people.operations import token
from people.states import Role
from riskhub import schedule
from riskhub.leaving import operations as leaving
from risklog.models import Experiment
from risklog.operations import experiment as operations
from risklog.operations import experiment_draft, filled_template
from risklog.operations import review as reviews
from risklog.operations import template as templates
from risklog.queries import experiment as queries
from risklog.states import ExperimentState
from signals.queries import pattern as patterns
from signals.queries.marks import marks_of
from tests.conftest import AT
from tests.factories import catalogue, experiments, meetings, people, risklog_review, risks, signals
from tests.factories.incidents import incident
from tests.whole_pages import whole_page

pytestmark = pytest.mark.django_db
ACT = {"by": SYSTEM, "at": AT}
FINISHED, RUNNING = ExperimentState.FINISHED, ExperimentState.RUNNING


@pytest.fixture
def member():
    return people.user("Mara Member")


@pytest.fixture
def page(client, member):
    people.organisation()
    client.force_login(member)
    return client


def text_of(answer) -> str:
    return answer.content.decode()


# ------------------------------------------------------------------ one click


def test_one_click_from_a_risk_and_the_second_opens_the_same(page):
    model = catalogue.model()
    risk = risks.risk("Labels lag", cause="Labels come by mail.", model=model, feature="age")
    address = f"/risks/experiments/from/{risk.reference}/"

    assert page.post(address).status_code == 303
    assert page.post(address).status_code == 303

    made = Experiment.objects.get()
    assert (made.title, made.model, made.about) == ("Test: Labels lag", model, risk.subject)
    assert "Labels come by mail." in made.hypothesis and made.data_slice == "Feature age"
    assert page.get(address).status_code == 405
    operations.cancel(made, reason="No data", **ACT)
    page.post(address)
    assert Experiment.objects.count() == 2


def test_one_click_from_a_review_whose_outcome_asks_for_one(page):
    group = signals.breach_group(catalogue.model("fraud-score"))
    review = risklog_review.review(about=group.subject, of_model=group.model)
    address = f"/risks/reviews/{review.reference}/"
    button = f'action="/risks/experiments/from/{review.reference}/"'
    assert button not in whole_page(page, address)
    reviews.settle(review, outcome="experiment_needed", reason="Weekend traffic explains it.", **ACT)

    assert button in whole_page(page, address)
    page.post(f"/risks/experiments/from/{review.reference}/")

    made = Experiment.objects.get()
    assert (made.hypothesis, made.model) == ("Weekend traffic explains it.", group.model)
    assert made.reference in whole_page(page, address)


def test_one_click_from_a_breach_takes_its_metric(page):
    group = signals.breach_group(catalogue.model("fraud-score"))
    assert f'action="/risks/experiments/from/{group.reference}/"' in whole_page(
        page, f"/signals/breaches/{group.reference}/"
    )

    page.post(f"/risks/experiments/from/{group.reference}/")

    made = Experiment.objects.get()
    assert made.model == group.model and made.series.model == group.model


def test_one_click_from_an_incident_and_its_page_shows_the_experiment(page):
    declared = incident("Scores are old", model=catalogue.model())
    address = f"/incidents/{declared.reference}/"
    assert f'action="/risks/experiments/from/{declared.reference}/"' in whole_page(page, address)
    for _ in range(2):
        assert page.post(f"/risks/experiments/from/{declared.reference}/").status_code == 303

    made = Experiment.objects.get()
    assert (made.title, made.model, made.about) == ("Test: Scores are old", declared.model, declared.subject)
    assert made.hypothesis == (
        f"If [the change], then [the metric] of {declared.model.name} stays within its threshold, because it"
        f" removes a condition that led to {declared.reference} (Scores are old): [the condition]."
    )
    assert made.reference in whole_page(page, address)


def test_the_hypothesis_from_an_incident_names_its_metric_but_no_model_that_others_may_not_see(page, member):
    group = signals.breach_group(catalogue.model("fraud-score"))
    team = people.team()
    people.member(team, member)
    secret = catalogue.model(name="Secret scorer")
    declared = [incident(about=group.subject), incident(model=secret), incident(state="mitigated")]
    history.restrict(secret.subject, [team.subject_id])
    for one in declared:
        page.post(f"/risks/experiments/from/{one.reference}/")

    of_breach, of_secret, of_none = Experiment.objects.order_by("pk")
    series = group.breaches.get().series
    named = f"then {series.display_name} of {group.model.name} stays within its threshold"
    assert named in of_breach.hypothesis and of_breach.series == series
    assert of_secret.model == secret
    for made in (of_secret, of_none):
        assert "then [the metric] of the model stays within its threshold" in made.hypothesis


def test_a_withdrawn_incident_offers_none_and_a_restricted_one_keeps_its_experiment(page, member):
    gone = incident(state="withdrawn")
    assert "/risks/experiments/from/" not in whole_page(page, f"/incidents/{gone.reference}/")
    team = people.team()
    hidden = incident("Hidden", viewers=[team.subject_id])
    assert page.post(f"/risks/experiments/from/{hidden.reference}/").status_code == 404
    page.force_login(people.user(teams=[team]))
    page.post(f"/risks/experiments/from/{hidden.reference}/")

    made = Experiment.objects.get()
    assert made.subject.viewers == [team.subject_id]
    page.force_login(member)
    assert made.title not in text_of(page.get("/risks/experiments/"))


def test_one_click_from_a_check_in(page):
    model = catalogue.model()
    noted = check_ins.note(text="Nulls doubled\nsince Monday", model=model, **ACT)
    assert page.post(f"/meetings/check-ins/{noted.pk}/experiment/").status_code == 303

    made = Experiment.objects.get()
    assert (made.title, made.about, made.model) == ("Test: Nulls doubled", noted.subject, model)


def test_one_click_from_a_pattern_and_the_second_opens_the_same(page, member):
    catalogue.model("fraud-score")
    signals.alerts_at_night()
    [pattern] = patterns.search(member, at=AT).patterns
    assert 'action="/risks/experiments/from-pattern/"' in text_of(page.get("/signals/patterns/"))
    body = {"pattern": pattern.key, "days": 90}

    page.post("/risks/experiments/from-pattern/", body)
    page.post("/risks/experiments/from-pattern/", body)

    made = Experiment.objects.get()
    assert made.about.reference == pattern.groups[0].reference
    assert made.hypothesis.startswith("12 breaches have something in common: ")
    assert "If this has to do with their cause" in made.hypothesis
    page.post("/risks/experiments/from-pattern/", {"pattern": "0" * 16})
    assert Experiment.objects.count() == 1


def test_other_objects_are_refused(page):
    with pytest.raises(Refused) as caught:
        experiment_draft.add_from(experiments.experiment().subject, **ACT)
    assert caught.value.field == "about"
    hidden = risks.restricted("Hidden", people.team())
    assert page.post(f"/risks/experiments/from/{hidden.reference}/").status_code == 404
    assert page.post("/risks/experiments/from/R-999999/").status_code == 404


def test_by_api(client, member):
    _, text = token.issue(member, name="Tests", scope="write", by=SYSTEM, at=AT)
    headers = {"Authorization": f"Bearer {text}"}

    def post(address, body):
        return client.post(address, body, content_type="application/json", headers=headers)

    risk = risks.risk("Labels lag")
    noted = check_ins.note(text="Nulls doubled", **ACT)
    from_incident = post("/api/v1/experiments/from_subject", {"about": incident().reference})
    assert from_incident.status_code == 201
    made = post("/api/v1/experiments/from_subject", {"about": risk.reference})
    assert made.status_code == 201 and made.json()["about_reference"] == risk.reference
    again = post("/api/v1/experiments/from_subject", {"about": risk.reference})
    assert again.json()["id"] == made.json()["id"]
    unknown = post("/api/v1/experiments/from_pattern", {"pattern": "0" * 16})
    assert unknown.status_code == 422
    of_note = post(f"/api/v1/check-ins/{noted.pk}/experiment", {})
    assert Experiment.objects.get(subject__reference=of_note.json()["reference"]).about == noted.subject


# ------------------------------------------------------------------ panels


def test_a_risk_shows_its_last_experiments_and_those_of_its_breach_and_reviews(client, member):
    group = signals.breach_group(catalogue.model("fraud-score"))
    risk = risks.risk(breach_group=group)
    review = risklog_review.review(about=risk.subject)
    for title, subject in (("Of it", risk), ("Of its breach", group), ("Of its review", review)):
        experiments.experiment(title, about=subject.subject)
    experiments.experiment("Of another")
    team = people.team()
    experiments.experiment("Hidden one", about=risk.subject, viewers=[team.subject_id])
    client.force_login(member)
    shown = whole_page(client, f"/risks/{risk.reference}/")

    assert all(title in shown for title in ("Of it", "Of its breach", "Of its review"))
    assert "Of another" not in shown and "Hidden one" not in shown


def test_the_panels_take_as_many_statements_for_three_rows_as_for_one(page):
    model = catalogue.model()
    risk = risks.risk(model=model)
    addresses = (f"/risks/{risk.reference}/", f"/models/{model.slug}/")

    def counts():
        found = []
        for address in addresses:
            with CaptureQueriesContext(connection) as captured:
                whole_page(page, address)
            found.append(len(captured))
        return found

    experiments.experiment("First", about=risk.subject, model=model)
    counts()
    one = counts()
    for title in ("Second", "Third"):
        experiments.experiment(title, about=risk.subject, model=model)
    assert counts() == one
    assert all("Third" in whole_page(page, address) for address in addresses)


def test_the_time_axis_of_a_model_shows_started_experiments():
    model = catalogue.model()
    experiments.experiment("Only proposed", model=model)
    running = experiments.experiment("Started", model=model, state=RUNNING)

    lanes = {lane.name: lane.entries for lane in model_health.health(EVERYONE, model).lanes}

    assert [entry.label for entry in lanes["Experiments"]] == [f"{running.reference} Started"]


# ------------------------------------------------------------------ the agenda


def test_a_result_is_on_the_agenda_until_it_is_decided():
    people.organisation()
    team = people.team()
    meetings.series(team)
    made = experiments.experiment(model=catalogue.model(owner_team=team), state=FINISHED)
    schedule.tick(AT)
    schedule.tick(AT)

    item = AgendaItem.objects.get(about=made.subject)
    assert item.purpose == "decide" and item.title == f"Result: {made.title}"
    assert item.why.startswith("Supported. Rule: Supported: raise the warning threshold")


def test_the_item_of_a_cancelled_experiment_is_finished_and_a_decided_one_is_not_placed():
    people.organisation()
    team = people.team()
    series = meetings.series(team)
    made = experiments.experiment(model=catalogue.model(owner_team=team))
    item = meetings.item(meetings.planned(series, 0), about=made.subject)
    operations.cancel(made, reason="No data", **ACT)
    decided = experiments.experiment(model=catalogue.model(owner_team=team), state=FINISHED)
    meetings.decision(about=decided.subject, meeting=None)
    relay.relay(at=AT)

    item.refresh_from_db()
    assert item.state == "done"
    assert not AgendaItem.objects.filter(about=decided.subject).exists()


# ------------------------------------------------------------------ what follows


def test_a_result_leads_to_a_threshold_a_change_and_actions(client):
    model = catalogue.model("fraud-score")
    series = signals.series(model)
    version = signals.agreed(series)
    owners = experiments.owners()
    made = experiments.experiment(model=model, series=series, state=FINISHED, owners=owners)
    client.force_login(owners[0])
    shown = text_of(client.get(f"/risks/experiments/{made.reference}/"))
    conclusion = quote(f"{made.reference}: Supported. {made.decision_rule}")

    threshold = f"/signals/thresholds/{version.threshold_id}/propose/?reason={conclusion}"
    change = f"/models/change-requests/new/?model={model.slug}"
    action = f"/actions/new/?about={made.reference}"
    assert threshold in shown and change in shown
    assert f"{made.reference}: Supported." in text_of(client.get(threshold))
    assert made.title in text_of(client.get(f"{change}&title={quote(made.title)}"))
    form = text_of(client.get(f"{action}&type=data_collection"))
    assert made.reference in form and '<option value="data_collection" selected>' in form

    running = experiments.experiment(model=model, state=RUNNING, owners=owners)
    assert "What follows" not in text_of(client.get(f"/risks/experiments/{running.reference}/"))


# ------------------------------------------------------------------ charts, My week, leaving, templates


def test_charts_mark_the_start_and_the_result(member):
    model, team = catalogue.model(), people.team()
    made = experiments.experiment("Wider band", model=model, state=FINISHED)
    experiments.experiment("Secret", model=model, state=RUNNING, viewers=[team.subject_id])
    start, end = AT - timedelta(days=1), AT + timedelta(days=1)

    found = marks_of(member, [model.pk], start, end)

    assert [mark["label"] for mark in found] == [
        f"{made.reference} started: Wider band",
        f"{made.reference} supported: Wider band",
    ]
    assert marks_of(member, [model.pk], end, end + timedelta(days=1)) == []


def test_my_week_has_due_experiments_and_open_challenges(client):
    people.organisation()
    owners = experiments.owners()
    soon, later = AT.date() + timedelta(days=3), AT.date() + timedelta(days=30)
    experiments.experiment("Due soon", state=RUNNING, owners=owners, ends_on=soon)
    doubted = experiments.experiment("Due later", state=RUNNING, owners=owners, ends_on=later)
    experiments.experiment("Of others", state=RUNNING, ends_on=soon)
    client.force_login(owners[0])
    shown = text_of(client.get("/"))
    assert "Due soon" in shown and "Due later" not in shown and "Of others" not in shown

    experiments.challenge(doubted, author=people.user())

    shown = text_of(client.get("/"))
    assert "Due later" in shown and "1 challenge to answer" in shown


def test_who_leaves_hands_over_their_experiments():
    owners = experiments.owners()
    made = experiments.experiment(owners=owners)
    to = people.user("Tess", teams=[people.team()])
    admin = Actor(people.user(role=Role.ADMINISTRATOR), "page")

    leaving.hand_over(owners[0], to=to, by=admin, at=AT)

    assert set(queries.owners_of(made)) == {owners[1], to}


def test_a_template_is_filled_in_about_an_experiment_and_compared_by_api(client, member):
    template = templates.add(name="Report", fields=[{"label": "Cause", "type": "line"}], **ACT)
    other = templates.add(name="Other", fields=[{"label": "Cause", "type": "line"}], **ACT)
    made = experiments.experiment()
    first, second, third = (
        filled_template.add(template=of, about=made.subject, values={"cause": cause}, **ACT)
        for of, cause in ((template, "A fault"), (template, "Unknown"), (other, "Unknown"))
    )
    hidden = risks.restricted("Hidden", people.team())
    secret = filled_template.add(template=template, about=hidden.subject, values={"cause": "x"}, **ACT)
    client.force_login(member)
    assert first.reference in whole_page(client, f"/risks/experiments/{made.reference}/")

    def compare(*rows):
        keys = ",".join(row.reference for row in rows)
        return client.get(f"/api/v1/filled-templates/compare?key={keys}")

    answer = compare(first, second).json()
    assert answer["references"] == [first.reference, second.reference]
    assert answer["results"] == [
        {"key": "cause", "type": "line", "title": "Cause", "differs": True, "values": ["A fault", "Unknown"]}
    ]
    assert (compare(first).status_code, compare(first, third).status_code) == (400, 400)
    assert compare(first, secret).status_code == 404
    assert client.get("/api/v1/filled-templates/compare").status_code == 400
