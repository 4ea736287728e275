"""The statements of resources that are compiled once: each reader and each value gets its own rows."""

from contextlib import suppress

import pytest
from django.http import Http404
from django.test import Client

from kit.actor import SYSTEM
from kit.prepared import Prepared, PreparedForReader
from kit.sight import EVERYONE
from people.models import User
from people.operations import token
from people.states import Role
from rest import prepared
from rest.resource import Collection, Resource
from riskhub.urls import RESOURCES
from risklog.states import RiskState
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db

PREPARED = [view for _, view in RESOURCES if issubclass(view, Resource) and view.has_visible_rows()]
LISTS = [view for view in PREPARED if issubclass(view, Collection)]


@pytest.fixture
def ask():
    """Return a function that requests an address below /api/v1/ as a person."""

    def ask(person, address):
        _, text = token.issue(person, name="t", scope="read", by=SYSTEM, at=AT)
        return Client().get(f"/api/v1/{address}", headers={"Authorization": f"Bearer {text}"})

    return ask


@pytest.fixture
def compiled(monkeypatch):
    """Return the list of what is compiled from now on."""
    made, compile_ = [], Prepared._compile
    monkeypatch.setattr(Prepared, "_compile", lambda self: made.append(self) or compile_(self))
    return made


def titles(answer):
    return [row["title"] for row in answer.json()["results"]]


def test_readers_share_a_statement_and_see_their_own_rows(ask, compiled):
    team = people.team("Fraud")
    inside, outside = people.user("Ana"), people.user("Ben")
    people.member(team, inside)
    hidden, open_ = risks.restricted("Hidden", team), risks.risk("Open")
    prepared._first_page.cache_clear()
    prepared._row.cache_clear()

    for _ in range(2):
        assert titles(ask(inside, "risks?order=id&limit=50")) == ["Hidden", "Open"]
        assert titles(ask(outside, "risks?order=id&limit=50")) == ["Open"]
        assert ask(outside, "risks?order=id&limit=50").json()["count"] == 1
        assert ask(inside, f"risks/{hidden.reference}").status_code == 200
        assert ask(outside, f"risks/{hidden.reference}").status_code == 404
        assert ask(outside, f"risks/{open_.reference}").json()["title"] == "Open"

    of_risks = [one for one in compiled if 'FROM "risklog_risk"' in one._statement[2]]
    assert len(of_risks) == 2  # one for the list, one for a risk


def test_an_auditor_sees_what_is_restricted(ask):
    risks.restricted("Hidden", people.team("Fraud"))
    auditor, viewer = people.user("Ana", role=Role.VIEWER), people.user("Ben", role=Role.VIEWER)
    type(auditor).objects.filter(pk=auditor.pk).update(audits_until=AT.date())

    assert titles(ask(viewer, "risks")) == []
    assert titles(ask(auditor, "risks")) == ["Hidden"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=open",
        "state=closed",
        "state=open,closed",
        "category=data-drift",
        "category=no-such-category",
        "team=fraud",
        "team=none",
        "team=me",
        "model=credit-pd&state=open&order=-updated_at",
        "state=open&owner=none",
        "limit=1&order=severity",
    ],
)
def test_the_answer_is_that_of_the_orm(ask, monkeypatch, query):
    team, ana = people.team("Fraud"), people.user("Ana")
    people.member(team, ana)
    risks.risk("Of a team", team=team, model=risks.model())
    risks.risk("Closed", state=RiskState.CLOSED)
    risks.restricted("Restricted", team)
    answer = ask(ana, f"risks?{query}").json()

    monkeypatch.setattr(Resource, "has_visible_rows", lambda resource: False)

    assert answer == ask(ana, f"risks?{query}").json()


@pytest.mark.parametrize("view", LISTS, ids=lambda view: view.__name__)
def test_each_filter_that_takes_an_argument_makes_a_statement(view):
    for name, one in view.spec.filters.items():
        if one.takes_argument:
            value = one.parse(one.choices[0][0] if one.choices else "1")
            for order in view.spec.orders:
                assert prepared._first_page(view, (name,), order, 5).rows(EVERYONE, **{name: value}) == []


@pytest.mark.parametrize("view", PREPARED, ids=lambda view: view.__name__)
def test_each_key_makes_a_statement(view):
    made = 0
    for key in ("1", "R-1", "a-slug"):
        with suppress(Http404):  # a key of another kind
            ((field, value),) = view().lookup(key).items()
            assert prepared._row(view, field).rows(EVERYONE, key=value) == []
            made += 1
    assert made


def test_a_statement_cannot_depend_on_one_reader():
    statement = PreparedForReader(lambda reader: User.objects.filter(pk=reader.pk))

    with pytest.raises(AttributeError, match="pk"):
        statement.rows(people.user("Ana"))
