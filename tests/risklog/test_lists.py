"""Lists of this room: the page and the API refuse the same parameters by name."""

import pytest

from kit.actor import SYSTEM
from risklog.operations import escalation as escalations
from risklog.operations import review as reviews
from risklog.operations import reviewer, taxonomy
from tests.factories import people, risks
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
# page -> its resource, and (query, parameter) pairs that both refuse
LISTS = {
    "/risks/": (
        "risks",
        [
            ("state=nonsense", "state"),
            ("state=open&state=closed", "state"),
            ("level=9", "level"),
            ("cell=6x6", "cell"),
            ("owner=x", "owner"),
            ("unowned=maybe", "unowned"),
            ("ending=1", "ending"),
            ("sort=updated", "sort"),
        ],
    ),
    "/risks/categories/": (
        "categories",
        [("is_retired=AAA", "is_retired"), ("kind=colour", "kind"), ("kind=drift&kind=drift", "kind")],
    ),
    "/risks/escalations/": (
        "escalations",
        [
            ("show=all", "show"),
            ("state=open", "state"),
            ("severity=", "severity"),
            ("team=a&team=b", "team"),
        ],
    ),
    "/risks/reviews/": (
        "review-requests",
        [
            ("show=all", "show"),
            ("state=odd", "state"),
            ("outcome=fine", "outcome"),
            ("reviewer=none", "reviewer"),
            ("kind=drift&kind=latency", "kind"),
        ],
    ),
}
ANY = [("colour=red", "colour"), ("order=size", "order"), ("order=id&order=id", "order"), ("q%00=1", "q")]
REFUSED = [
    (page, resource, query, name) for page, (resource, own) in LISTS.items() for query, name in [*own, *ANY]
]


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau")
    client.force_login(person)
    return person


@pytest.mark.usefixtures("ana")
@pytest.mark.parametrize(("page", "resource", "query", "name"), REFUSED)
def test_page_and_api_refuse_the_same_query_by_name(client, page, resource, query, name):
    by_api = client.get(f"/api/v1/{resource}?{query}")

    assert by_api.status_code == 400
    assert by_api.json()["errors"][0]["field"].startswith(name)
    if not query.endswith("="):  # a page's form sends its empty fields
        by_page = client.get(f"{page}?{query}")
        assert (by_page.status_code, f"{name}" in by_page.content.decode()) == (400, True)


@pytest.mark.parametrize("query", ["colour=red", "team=x", "team=1&team=2", "team=999999", "order=name"])
def test_the_page_of_ladders_refuses_what_it_does_not_know(client, ana, query):
    answer = client.get(f"/risks/ladder/?{query}")

    assert (answer.status_code, query.split("=")[0] in answer.content.decode()) == (400, True)


def test_categories_are_narrowed_by_page_and_api_alike(client, ana, at):
    taxonomy.retire(risks.category("label-noise"), by=SYSTEM, at=at)

    retired = client.get("/api/v1/categories?is_retired=true").json()["results"]
    page = client.get("/risks/categories/?is_retired=true").context["page"].rows

    assert [row["slug"] for row in retired] == [row.slug for row in page] == ["label-noise"]
    everything = client.get("/risks/categories/").context["page"].rows
    assert [row.is_retired for row in everything] == sorted(row.is_retired for row in everything)
    assert everything[-1].slug == "label-noise"


def test_escalations_are_narrowed_by_page_and_api_alike(client, ana, at):
    team = people.team("Fraud")
    model = make.model(developer=ana, owner_team=team)
    mine, other, over = (make.escalation(about=make.model(developer=ana).subject) for _ in range(3))
    of_team = make.escalation(about=model.subject)
    escalations.resolve(over, reason="Rolled back", by=SYSTEM, at=at)

    def by_api(query):
        return {row["id"] for row in client.get(f"/api/v1/escalations?{query}").json()["results"]}

    def by_page(query):
        return {row.pk for row in client.get(f"/risks/escalations/?{query}").context["page"].rows}

    for query, wanted in (
        ("show=open", {mine.pk, other.pk, of_team.pk}),
        ("show=resolved", {over.pk}),
        ("show=open&team=fraud", {of_team.pk}),
        ("show=open&team=nobody", set()),
        ("show=open&state=climbing,paused&order=-id", {mine.pk, other.pk, of_team.pk}),
    ):
        assert by_api(query) == by_page(query) == wanted, query
    assert by_page("") == by_page("show=open")


def test_reviews_are_narrowed_by_page_and_api_alike(client, ana, at):
    make.reviewer("risk-management")
    asked = make.reviewer("data-science", teams=[people.team("Fraud")])
    mine, other, over = (
        make.review(of_model=make.model("credit-pd")),
        make.review(kind="latency"),
        make.review(),
    )
    reviews.settle(over, outcome="confirmed", reason="Seen", by=SYSTEM, at=at)
    reviewer.claim(mine, by=make.actor(ana), at=at)

    def by_api(query):
        return {row["id"] for row in client.get(f"/api/v1/review-requests?{query}").json()["results"]}

    def by_page(query):
        return {row.pk for row in client.get(f"/risks/reviews/?{query}").context["page"].rows}

    for query, wanted in (
        ("show=mine", {mine.pk}),
        ("show=open", {mine.pk, other.pk}),
        ("show=settled&order=-settled_at", {over.pk}),
        ("show=open&kind=latency", {other.pk}),
        ("show=open&model=credit-pd", {mine.pk}),
        ("show=open&reviewer=me", {mine.pk}),
        (f"show=open&reviewer={asked.pk},{ana.pk}", {mine.pk, other.pk}),
    ):
        assert by_api(query) == by_page(query) == wanted, query
    assert by_page("") == {mine.pk}


def test_escalations_in_the_order_of_their_end_page_past_those_that_run(client, ana, at):
    for number in range(4):
        escalation = make.escalation(about=make.model(developer=ana).subject)
        if number < 2:
            escalations.resolve(escalation, reason="Rolled back", by=SYSTEM, at=at)
    seen, address = [], "/api/v1/escalations?order=-resolved_at&limit=1"
    while address:
        page = client.get(address).json()
        seen += [row["state"] for row in page["results"]]
        address = page["next"]

    assert seen == ["resolved", "resolved", "climbing", "climbing"]
