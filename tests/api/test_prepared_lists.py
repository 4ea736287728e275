"""A list whose statement is compiled once answers as the ORM does, in a whole register."""

import pytest

from catalogue.models import Model
from people.models import Function, Team
from rest.resource import Resource
from riskhub.urls import RESOURCES
from risklog.models import Category
from tests.api.test_prepared_statements import LISTS
from tests.house.asking import client_of
from tests.house.test_addresses import NOW
from tests.house.world import build

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def prepared_world(prepared):
    return prepared("world", NOW, build)


def queries_of(view):
    """Yield queries with values of each filter that takes an argument: of rows, and "none"."""
    ids = [str(pk) for pk in view.visible_rows.order_by("pk").values_list("pk", flat=True)[:3]]
    slugs = [slug for model in (Team, Model, Category, Function) for slug in slugs_of(model)]
    for name, one in view.spec.filters.items():
        if one.takes_argument:
            values = [value for value, _ in one.choices] or (ids if one.shape else [*slugs, "none"])
            yield from (f"{name}={value}" for value in values)


def slugs_of(model):
    return model.objects.order_by("pk").values_list("slug", flat=True)[:4]


def test_each_list_answers_as_the_orm_does(prepared_world, move_clock, monkeypatch):
    move_clock(NOW)
    world = prepared_world()
    clients = [client_of(world, role) for role in ("owner", "stranger")]
    addresses = [
        f"/api/v1/{address}?{query}"
        for address, view in RESOURCES
        if view in LISTS
        for query in ("", *queries_of(view))
    ]
    answers = [client.get(address) for client in clients for address in addresses]

    monkeypatch.setattr(Resource, "has_visible_rows", lambda resource: False)

    asked = ((client, address) for client in clients for address in addresses)
    for answer, (client, address) in zip(answers, asked, strict=True):
        assert answer.status_code == 200, address
        assert answer.json() == client.get(address).json(), address
    assert sum(bool(answer.json()["results"]) for answer in answers) > 100
