"""The lineage of a model: placed from the left to the right, drawn on a page, told by API."""

import json
import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.lineage import Node, drawn
from catalogue.operations import model as models
from kit.actor import SYSTEM
from people.operations import token
from tests.conftest import AT
from tests.factories import catalogue, people

KEYS = "abcdefgh"


def nodes(keys=KEYS):
    return [Node(key, "version", key) for key in keys]


def some_pairs(seed):
    """Return up to twenty pairs of keys. The same seed gives the same pairs."""
    chance = random.Random(seed)
    return {(chance.choice(KEYS), chance.choice(KEYS)) for _ in range(chance.randrange(20))}


def test_no_two_boxes_share_a_place_whatever_the_links_are():
    for seed in range(200):
        drawing = drawn(nodes(), sorted(some_pairs(seed)))
        places = {(box.x, box.y) for box in drawing.boxes}
        assert len(places) == len(KEYS), seed
        assert all(0 <= x < drawing.width and 0 <= y < drawing.height for x, y in places), seed


def test_each_box_is_to_the_right_of_what_it_comes_from():
    for seed in range(200):
        edges = sorted({(min(pair), max(pair)) for pair in some_pairs(seed) if pair[0] != pair[1]})
        left = {box.node.key: box.x for box in drawn(nodes(KEYS[::-1]), edges).boxes}
        assert all(left[start] < left[end] for start, end in edges), seed


def test_a_chain_of_thousands_is_placed():
    many = [Node(str(number), "version", str(number)) for number in range(3_000)]
    edges = [(str(number), str(number + 1)) for number in range(2_999)]
    boxes = drawn(list(reversed(many)), edges).boxes
    assert len({box.x for box in boxes}) == 3_000


@pytest.fixture
def sam():
    people.organisation()
    return people.user("Sam")


@pytest.mark.django_db
def test_data_versions_and_models_are_drawn_as_far_as_the_reader_sees_them(client, sam):
    team = people.team("Growth")
    features, hidden = (
        catalogue.model("features", name="Features", owner_team=team),
        catalogue.model("hidden", name="Zanzibar", viewers=[people.team("Fraud").subject_id]),
    )
    model = catalogue.model("churn", name="Churn")
    models.change(model, {"inputs": ["events & clicks"], "upstream": [features, hidden]}, by=SYSTEM, at=AT)
    first = catalogue.version(model, "1", data_set="s3://train/2026-01")
    catalogue.version(model, "2", parent=first, data_set="s3://train/2026-01")
    client.force_login(sam)

    page = client.get("/models/churn/lineage/").content.decode()
    assert "events &amp; clicks" in page and "Features" in page and "Growth" in page
    assert page.count('class="lineage-line"') == 2 + 3
    assert "s3://train/2026-01" in page and f'href="/models/versions/{first.pk}/"' in page
    assert "Zanzibar" not in page
    assert "Churn" in client.get("/models/features/lineage/").content.decode()
    _, text = token.issue(sam, name="all", scope="read", by=SYSTEM, at=AT)
    found = client.get("/api/v1/models/churn/lineage", headers={"Authorization": f"Bearer {text}"}).json()
    assert {"start": "model:features", "end": "model:churn"} in found["links"]
    assert {"start": f"version:{first.pk}", "end": f"version:{first.pk + 1}"} in found["links"]
    assert "Zanzibar" not in json.dumps(found)


@pytest.mark.django_db
def test_a_lineage_of_many_needs_as_many_queries_as_one_of_few(client, sam):
    model = catalogue.model("churn")
    parent = catalogue.version(model, "0")
    client.force_login(sam)
    client.get("/models/churn/lineage/")

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/models/churn/lineage/").status_code == 200
        return len(queries)

    one = asked()
    for number in range(3):
        parent = catalogue.version(model, f"1.{number}", parent=parent, data_set=f"s3://{number}")
    assert asked() == one
