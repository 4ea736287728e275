"""The learnings that are shown at a risk like those that taught them, and while such a risk is written."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from kit.actor import SYSTEM
from learnings.operations import learning as operations
from learnings.queries import like as queries
from learnings.queries.like import Sought
from risklog.operations import risk as risk_operations
from risklog.operations import taxonomy
from risklog.states import Treatment
from tests.factories import catalogue, learnings, people, risks
from tests.whole_pages import whole_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def titles(user, **sought) -> list[tuple[str, str]]:
    ids = {name: getattr(value, "pk", value) for name, value in sought.items()}
    return [(one.title, one.like_why) for one in queries.like(user, Sought(**ids))]


def test_model_category_tags_and_words_make_a_learning_like_a_risk(ana):
    model, category, other = catalogue.model("credit-pd"), risks.category("data-latency"), risks.category()
    learnings.published("One", model=model, category=category)
    learnings.published("Two", model=model, category=other)
    learnings.published("Three", category=category, verdict="did_not")
    learnings.published("Four", tags=["late jobs", "unused"])
    learnings.published("Jobs that were delayed", seen="The loading of labels was delayed.")
    learnings.published("Nothing of that")
    learnings.draft("Draft", model=model, category=category)

    found = titles(ana, title="Delays in loading", model=model, category=category, tags=["late jobs", "x"])

    assert found == [
        ("One", "same model, same category"),
        ("Two", "same model"),
        ("Jobs that were delayed", "similar words"),
    ]


def test_what_worked_comes_before_what_did_not(ana):
    model = catalogue.model()
    for verdict in ("did_not", "worked", ""):
        learnings.published(verdict or "open", model=model, verdict=verdict)

    assert [title for title, _ in titles(ana, model=model)] == ["worked", "open", "did_not"]


@pytest.mark.parametrize(
    "title",
    ["", "the of and", "it's a \\ back'slash & | ! <-> :*", "数据 漂移 漂移", "Ausfälle der Daten", "% _"],
)
def test_odd_titles_are_no_error(ana, title):
    learnings.published("Ausfälle der Daten")

    assert len(titles(ana, title=title)) == (1 if title == "Ausfälle der Daten" else 0)


def test_a_merged_category_finds_what_was_learned_under_the_old_one(ana, at):
    old, new = risks.category("data-latency"), risks.category()
    learnings.published("Old", category=old)
    taxonomy.merge(old, into=new, why="The same", by=SYSTEM, at=at)

    assert titles(ana, category=new) == [("Old", "same category")]


def test_a_learning_takes_the_model_and_the_category_of_its_source(at):
    risk = risks.risk(model=catalogue.model())
    other = catalogue.model()

    first = learnings.published(about=risk.subject)
    taken = learnings.draft(about=risk.subject)
    operations.change(taken, {"model": other, "category": None}, by=SYSTEM, at=at)

    assert (first.model, first.category) == (risk.model, risk.category)
    taken.refresh_from_db()
    assert (taken.model, taken.category) == (other, None)


def test_restricted_learnings_and_names_of_restricted_models_are_not_shown(client, ana):
    team, category = people.team(), risks.category()
    hidden_model = catalogue.model("canary-score", name="Canary score")
    history.restrict(hidden_model.subject, [team.subject_id])
    learnings.published("Canary", category=category, viewers=[team.subject_id])
    shown = learnings.published("Shown", category=category, model=hidden_model)

    assert titles(ana, category=category) == [("Shown", "same category")]
    for path in (f"/learnings/{shown.reference}/", f"/api/v1/learnings/{shown.reference}"):
        assert "anary" not in client.get(path).content.decode()
    assert client.get("/api/v1/learnings?model=canary-score").json()["results"] == []


def test_the_page_of_a_live_risk_shows_them_and_where_they_are_used(client, ana, at):
    risk = risks.risk("Scores drift", owner=ana)
    about = learnings.published("About this risk", about=risk.subject)
    like = learnings.published("Check the population", category=risk.category)
    address = f"/risks/{risk.reference}/"

    panel = whole_page(client, address).split("Learned before")[1].split("</section>")[0]
    assert like.title in panel
    assert "same category" in panel
    assert about.title not in panel
    assert f"/learnings/{like.reference}/use/?about={risk.reference}" in panel

    risk_operations.assess(risk, by=SYSTEM, at=at)
    risk_operations.treat(risk, treatment=Treatment.MITIGATE, reason="x", by=SYSTEM, at=at)
    risk_operations.monitor(risk, residual_likelihood=1, residual_impact=1, reason="x", by=SYSTEM, at=at)
    risk_operations.close(risk, evidence="PSI stays below 0.1 since Monday.", by=SYSTEM, at=at)
    assert "Learned before" not in whole_page(client, address)


def test_a_risk_that_is_written_shows_them_by_title_model_and_category(client, ana):
    category = risks.category()
    learnings.published("Warm the cache before a rollout")
    learnings.published("Of the category", category=category)

    typed = client.get("/risks/like/", {"title": "Caches are cold after rollouts", "category": category.pk})
    page = typed.content.decode()

    assert "Warm the cache before a rollout" in page
    assert "Of the category" in page
    assert "I used this" not in page
    assert client.get("/risks/like/", {"title": "x", "category": "9" * 30}).status_code == 200


def test_the_api_names_them_with_the_reason(client, ana):
    risk = risks.risk("Scores drift")
    learnings.published("Drifting scores", model=None)
    learnings.published("Of the category", category=risk.category, verdict="worked")

    rows = client.get(f"/api/v1/risks/{risk.reference}/learnings").json()["results"]

    assert [(row["title"], row["why"]) for row in rows] == [
        ("Drifting scores", "similar words"),
        ("Of the category", "same category"),
    ]


def test_it_costs_the_same_at_one_and_three_rows(ana):
    risk, counts = risks.risk(owner=ana), []
    for _ in range(2):
        learnings.published(category=risk.category)
        queries.of_risk(ana, risk)  # loads the model of the risk
        with CaptureQueriesContext(connection) as found:
            assert queries.of_risk(ana, risk)
        counts.append(len(found))
        learnings.published(category=risk.category)

    assert counts[0] == counts[1] <= 5
