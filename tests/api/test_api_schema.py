"""The published description is valid, complete and without warnings."""

import json
import re

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from rest.resource import ApiView
from riskhub import schema
from riskhub.urls import RESOURCES
from tests.factories import people

WRITES = {"POST", "PATCH", "PUT"}


@pytest.fixture(scope="module")
def document():
    schema.document.cache_clear()
    return schema.document()


def test_it_is_valid_openapi_and_drawn_without_warnings(document):
    assert document["openapi"].startswith("3.1")
    validate_schema(document)
    assert not GENERATOR_STATS._warn_cache, dict(GENERATOR_STATS._warn_cache)
    assert not GENERATOR_STATS._error_cache, dict(GENERATOR_STATS._error_cache)


def addresses(patterns, prefix="/"):
    for pattern in patterns:
        whole = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, whole)
        elif isinstance(pattern, URLPattern):
            yield whole, pattern.callback


def test_every_address_of_the_api_is_in_it(document):
    served = {
        address.replace("<str:", "{").replace("<int:", "{").replace("<slug:", "{").replace(">", "}"): view
        for address, view in addresses(get_resolver().url_patterns)
        if address.startswith("/api/v1/") and hasattr(view, "cls")
    }

    assert set(served) == set(document["paths"])
    for address, view in served.items():
        assert {method.upper() for method in document["paths"][address]} == set(view.cls.permission), address


def test_ids_of_operations_are_unique(document):
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("address", "view"), RESOURCES, ids=[address for address, _ in RESOURCES])
def test_every_resource_names_its_permissions_and_the_bodies_it_reads(address, view):
    assert issubclass(view, ApiView)
    assert view.permission, f"{address}: give permission = {{method: name}}"
    undeclared = WRITES & set(view.permission) - set(view.bodies)
    assert not undeclared, f"{address}: give bodies = {{method: the Body it reads, or None}} for {undeclared}"
    for method in view.permission:
        assert hasattr(view, method.lower()), f"{address} has no {method.lower()}()"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["notification-settings", "risk-matrix", "calendar.ics"])
def test_an_answer_with_an_etag_declares_304(client, document, path):
    people.organisation()
    client.force_login(people.user())
    tag = client.get(f"/api/v1/{path}")["ETag"]

    again = client.get(f"/api/v1/{path}", headers={"If-None-Match": tag, "If-Match": '"another"'})

    assert again.status_code == 304
    assert "304" in document["paths"][f"/api/v1/{path}"]["get"]["responses"]


@pytest.mark.django_db
def test_it_is_served_to_everybody(client, document):
    answer = client.get("/api/v1/schema")

    assert answer.status_code == 200
    assert json.loads(answer.content)["paths"].keys() == document["paths"].keys()


@pytest.mark.django_db
def test_the_reference_page_lists_every_operation(client, document):
    assert client.get("/api/v1/").status_code == 302
    client.force_login(people.user())

    page = client.get("/api/v1/").text

    for path in document["paths"].values():
        for one in path.values():
            assert f'id="{one["operationId"]}"' in page


POINT = {"model": "m", "metric": "x", "ts": 1763632800, "value": 1}


@pytest.mark.parametrize(
    ("path", "body", "is_good"),
    [
        ("points", {"points": [POINT]}, True),
        ("points", {"points": [POINT | {"ts": "2026-11-20T10:00:00Z"}]}, True),
        ("points", {"source": None, "points": [POINT | {"feature": None, "kind": None, "unit": None}]}, True),
        ("points", {"points": [POINT | {"ts": True}]}, False),
        ("points", {"series": [{"model": "m", "metric": "x", "points": [[1763632800, 0.5]]}]}, True),
        ("points", {"series": [{"model": "m", "metric": "x", "points": [[1763632800]]}]}, False),
        ("intake/alertmanager", {"version": 4, "status": None, "truncatedAlerts": None, "alerts": []}, True),
        ("intake/alertmanager", {"alerts": {}}, False),
    ],
)
def test_a_body_is_described_as_it_is_taken(document, path, body, is_good):
    content = document["paths"][f"/api/v1/{path}"]["post"]["requestBody"]["content"]
    wanted = content["application/json"]["schema"] | {"components": document["components"]}

    assert Draft202012Validator(wanted).is_valid(body) is is_good


def test_each_parameter_of_a_path_is_declared_once_by_its_name(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found = operation.get("parameters", [])
            declared = [one["name"] for one in found if one["in"] == "path"]
            assert sorted(declared) == sorted(re.findall(r"{(\w+)}", path)), (method, path)


def test_a_patch_needs_no_field_so_an_empty_one_changes_nothing(document):
    """One rule for all: what is not sent stays as it is."""
    needed = {
        view.__name__: [name for name, field in view.bodies["PATCH"]().fields.items() if field.required]
        for _, view in RESOURCES
        if "PATCH" in view.bodies
    }

    assert len(needed) > 30
    assert {name: fields for name, fields in needed.items() if fields} == {}
