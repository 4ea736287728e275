"""Authentication and errors of the API."""

import gzip
import json

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ParseError

from kit.actor import SYSTEM
from people.models import User
from people.operations import person, token
from people.states import Role
from rest.bodies import MAX_BODY, loads
from rest.fields import Body
from tests.factories import people

pytestmark = pytest.mark.django_db
NOW = pytest.importorskip("kit.clock").now


@pytest.fixture
def ana():
    return people.user("Ana")


def bearer(user, scope="write"):
    _, text = token.issue(user, name="t", scope=scope, by=SYSTEM, at=NOW())
    return {"HTTP_AUTHORIZATION": f"Bearer {text}"}


def post(client, auth, body, path="/api/v1/actions", kind="application/json", **headers):
    return client.post(path, body, content_type=kind, **auth, **headers)


def is_problem(answer, status):
    body = json.loads(answer.content)
    assert answer.status_code == status, body
    assert answer["Content-Type"] == "application/problem+json"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def test_without_a_token_nothing_is_returned(client):
    answer = client.get("/api/v1/people")

    is_problem(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b", "Bearer rh_a_b", "Bearer rh_é_ü", "Bearer " + "x" * 5000]
)
def test_a_bad_token_is_401(client, header):
    is_problem(client.get("/api/v1/people", HTTP_AUTHORIZATION=header.encode().decode("latin-1")), 401)


@pytest.mark.parametrize("accepted", ["text/html", "text/plain;q=0.9", "application/xml", "nonsense"])
def test_every_accept_header_gets_json(client, ana, accepted):
    """A sender of alerts that accepts only text does not lose them, and 406 is no declared answer."""
    read = client.get("/api/v1/people", HTTP_ACCEPT=accepted, **bearer(ana))
    path, body = "/api/v1/intake/alertmanager", json.dumps({"alerts": []})
    sent = post(client, bearer(ana, "ingest"), body, path, HTTP_ACCEPT=accepted)

    assert (read.status_code, read["Content-Type"]) == (200, "application/json")
    assert sent.status_code == 202


def test_a_token_ends_with_its_person(client, ana):
    auth = bearer(ana)
    assert client.get("/api/v1/people", **auth).status_code == 200

    person.deactivate(ana, by=SYSTEM, at=NOW())

    is_problem(client.get("/api/v1/people", **auth), 401)


def test_scopes_bound_what_a_token_may(client, ana):
    read, ingest = bearer(ana, "read"), bearer(ana, "ingest")

    assert client.get("/api/v1/actions", **read).status_code == 200
    is_problem(post(client, read, {"title": "x"}), 403)
    is_problem(client.get("/api/v1/actions", **ingest), 403)
    is_problem(post(client, ingest, {"title": "x"}), 403)


def test_a_token_is_bounded_by_its_owners_present_role(client, ana):
    auth = bearer(ana)
    User.objects.filter(pk=ana.pk).update(role=Role.VIEWER)

    is_problem(post(client, auth, {"title": "x"}), 403)


def test_a_session_needs_the_csrf_token_to_write(ana):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)

    is_problem(post(client, {}, {"title": "x"}), 403)


def test_unknown_addresses_are_problems_too(client, ana):
    is_problem(client.get("/api/v1/nothing"), 404)
    is_problem(client.get("/api/nothing"), 404)
    is_problem(client.get("/api/v1/actions/A-999999", **bearer(ana)), 404)
    is_problem(client.get("/api/v1/actions/%00", **bearer(ana)), 404)


def test_a_method_that_is_not_there_is_405_with_those_that_are(client, ana):
    answer = client.delete("/api/v1/actions", **bearer(ana))

    is_problem(answer, 405)
    assert set(answer["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    is_problem(client.options("/api/v1/actions", **bearer(ana)), 405)


def test_head_is_get_without_the_body(client, ana):
    answer = client.head("/api/v1/people", **bearer(ana))

    assert (answer.status_code, answer.content) == (200, b"")


def test_another_body_type_is_415(client, ana):
    form = is_problem(post(client, bearer(ana), "title=x", kind="application/x-www-form-urlencoded"), 415)
    assert "application/json" in form["detail"]
    brotli = is_problem(post(client, bearer(ana), b"{}", HTTP_CONTENT_ENCODING="br"), 415)
    assert brotli["detail"] == "Send the body uncompressed or as gzip, not as “br”."


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b'{"title": NaN}', "NaN"),
        (b'{"title": -Infinity}', "-Infinity"),
        (b'{"title": 1e999}', "infinity"),
        (b'{"title": "a\\u0000b"}', "NUL"),
        (b'{"title": "\\ud800"}', "surrogate"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "deep"),
    ],
)
def test_invalid_json_is_refused_with_the_reason(client, ana, body, said):
    assert said in is_problem(post(client, bearer(ana), body), 400)["detail"]


@pytest.mark.parametrize(("opens", "closes"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_body_has_fifty_levels_at_most(opens, closes):
    assert loads(opens * 50 + b"1" + closes * 50)
    for levels in (51, 900, 1020, 100_000):
        with pytest.raises(ParseError, match="too deeply"):
            loads(opens * levels + b'"\\u0000"' + closes * levels)


def test_a_nul_is_found_however_deep_it_lies():
    with pytest.raises(ParseError, match="NUL"):
        loads(b'{"a":' * 50 + b'"\\u0000"' + b"}" * 50)


def test_an_escaped_backslash_before_u0000_is_no_nul():
    assert loads(rb'{"a": "\\u0000"}') == {"a": r"\u0000"}


def test_unknown_and_wrong_fields_are_named(client, ana):
    body = is_problem(post(client, bearer(ana), {"title": "x", "colour": "red", "size": 1}), 400)
    assert [one["field"] for one in body["errors"]] == ["colour", "size"]
    body = is_problem(post(client, bearer(ana), {"title": "", "due_on": "soon"}), 400)
    assert {one["field"] for one in body["errors"]} == {"title", "due_on"}
    (error,) = is_problem(post(client, bearer(ana), [1]), 400)["errors"]
    assert error["field"] == "body"


def test_an_error_says_what_to_write_instead(client, ana):
    auth = bearer(ana)

    def errors(body, path="/api/v1/actions"):
        found = is_problem(post(client, auth, body, path), 400)["errors"]
        return {one["field"]: one["detail"] for one in found}

    assert errors({"title": "x", "type": "ritual"})["type"].startswith("Use one of mitigation, ")
    made = post(client, auth, {"title": "x"})["Location"]
    any_version = {**auth, "HTTP_IF_MATCH": "*"}
    started = is_problem(post(client, any_version, {"note": "x"}, f"{made}/start"), 400)["errors"]
    assert started == [{"field": "note", "detail": "No such field. This takes none."}]
    decision = {"text": "x", "reason": "x", "actions": [{"title": "x"}, {"owner": "nobody"}]}
    assert set(errors(decision, "/api/v1/decisions")) == {"actions[1].title", "actions[1].owner"}


def test_a_person_is_named_by_address_in_any_case(client, ana):
    made = post(client, bearer(ana), {"title": "x", "owner": ana.email.title()})

    assert json.loads(made.content)["owner_id"] == ana.pk


def test_too_large_is_refused_before_it_is_read(client, ana):
    is_problem(post(client, bearer(ana), b'"' + b"x" * MAX_BODY + b'"'), 413)
    is_problem(post(client, bearer(ana), b"{}", CONTENT_LENGTH=str(10**15)), 413)
    is_problem(post(client, bearer(ana), b"{}", CONTENT_LENGTH=str(10**15), HTTP_IDEMPOTENCY_KEY="k"), 413)


def test_gzip_is_read_and_a_bomb_is_not(client, ana):
    auth = bearer(ana)

    def send(raw, encoding="gzip"):
        return post(client, auth, raw, HTTP_CONTENT_ENCODING=encoding)

    assert send(gzip.compress(b'{"title": "zipped"}')).status_code == 201
    assert send(gzip.compress(b'{"title": "zipped loudly"}'), "GZIP").status_code == 201
    assert send(gzip.compress(b'{"title"') + gzip.compress(b': "two members"}')).status_code == 201
    is_problem(send(gzip.compress(b" " * (MAX_BODY + 1))), 413)
    is_problem(send(gzip.compress(b" " * MAX_BODY) + gzip.compress(b" " * MAX_BODY)), 413)
    is_problem(send(gzip.compress(b'{"title": "cut"}')[:-9]), 400)
    is_problem(send(b"plain"), 400)


def test_lists_are_keyset_pages_that_follow_each_other(client, ana):
    for n in range(5):
        people.user(f"Z{n}")
    auth, seen, address = bearer(ana), [], "/api/v1/people?limit=2&order=name"

    while address:
        page = client.get(address, **auth).json()
        seen += [row["name"] for row in page["results"]]
        address = page["next"]

    assert seen == ["Ana", "Z0", "Z1", "Z2", "Z3", "Z4"]
    assert (page["count"], page["is_count_capped"]) == (6, False)
    back = client.get(page["previous"], **auth).json()
    assert [row["name"] for row in back["results"]] == ["Z1", "Z2"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "limit=%C2%B2", "order=colour", "colour=red", "role=king",
        "team=x", "team=99999999999999999999", "after=x", "after=WzFd", "after=WyJhIiwiYiJd", "before=W10",
        "name=%00", "after=WyJcdTAwMDAiLDFd", "is_active=maybe", "%00=1",
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(client, ana, query):
    body = is_problem(client.get(f"/api/v1/people?{query}", **bearer(ana)), 400)

    assert body["errors"]


def test_an_item_has_an_etag_and_answers_304(client, ana):
    auth = bearer(ana)
    tag = client.get(f"/api/v1/people/{ana.pk}", **auth)["ETag"]

    assert tag == f'"person-{ana.pk}-1"'
    again = client.get(f"/api/v1/people/{ana.pk}", **auth, HTTP_IF_NONE_MATCH=f"W/{tag}")
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert client.get(f"/api/v1/people/{ana.pk}", **auth, HTTP_IF_NONE_MATCH="*").status_code == 304


def test_a_write_needs_the_version_it_follows(client, ana):
    auth = bearer(ana)
    made = post(client, auth, {"title": "Cap it"})
    address, tag = made["Location"], made["ETag"]

    def change(title, **headers):
        return client.patch(address, {"title": title}, content_type="application/json", **auth, **headers)

    is_problem(change("No"), 428)
    late = change("Late", HTTP_IF_MATCH='"action-1-99"')
    assert is_problem(late, 412)["present"]["title"] == "Cap it"
    assert late["ETag"] == tag
    changed = change("Yes", HTTP_IF_MATCH=f"W/{tag}")  # a proxy that compresses marks tags as weak
    assert changed.status_code == 200
    assert changed["ETag"] != tag
    assert client.get(address, **auth).json()["title"] == "Yes"


def test_people_teams_and_functions_can_be_read(client, ana, django_assert_num_queries):
    team = people.team("Fraud", lead=ana)
    people.member(team, ana)
    people.function("data-science")
    auth = bearer(ana, "read")

    assert client.get("/api/v1/people?team=" + str(team.pk), **auth).json()["results"][0]["team_ids"] == [
        team.pk
    ]
    one = client.get("/api/v1/teams/fraud", **auth).json()
    assert (one["lead_name"], one["member_ids"]) == ("Ana", [ana.pk])
    assert client.get("/api/v1/functions/data-science", **auth).json()["slug"] == "data-science"
    is_problem(client.get("/api/v1/teams/none", **auth), 404)
    client.get("/api/v1/people", **auth)
    with django_assert_num_queries(3):  # token with the reader's sight, count, page, teams
        client.get("/api/v1/people", **auth)
    people.user(teams=[team]), people.user(teams=[team])
    with django_assert_num_queries(3):
        client.get("/api/v1/people", **auth)


@pytest.mark.parametrize("name", ["PersonRow", "TeamRow", "FunctionRow"])
def test_serializer_and_row_say_the_same(client, ana, name):
    from people.api import person as api

    team = people.team("Fraud", lead=ana)
    people.member(team, ana)
    made = {
        "PersonRow": ("people", ana),
        "TeamRow": ("teams", team),
        "FunctionRow": ("functions", people.function()),
    }
    address, obj = made[name]
    obj.team_ids = [team.pk]  # a cached property of the person
    obj.member_ids = [ana.pk]

    row = client.get(f"/api/v1/{address}/{obj.pk}", **bearer(ana)).json()

    assert row == json.loads(json.dumps(getattr(api, name)(obj).data))
    assert row.get("handle") == getattr(obj, "handle", None)


def test_a_member_that_is_sent_twice_is_named(client, ana):
    for body in (b'{"title": "one", "title": "two"}', b'{"owner": {"id": 1, "id": 2}}'):
        assert "twice in one object" in is_problem(post(client, bearer(ana), body), 400)["detail"]


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"'])
def test_a_body_that_is_no_object_is_told_what_to_send(client, ana, body):
    answer = is_problem(post(client, bearer(ana), body), 400)

    assert answer["errors"] == [
        {"field": "body", "detail": "Send an object with the fields of this resource."}
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": 5}, "title"),
        ({"title": "Cap it", "details": 0.10}, "details"),
        ({"title": "Cap it", "link": 12}, "link"),
    ],
)
def test_a_number_is_no_text(client, ana, body, field):
    answer = is_problem(post(client, bearer(ana), body), 400)

    assert answer["errors"] == [{"field": field, "detail": "Send a text in quotes, not a number."}]


def test_a_number_in_a_list_of_texts_is_named_by_its_place():
    class Labels(Body):
        labels = serializers.ListField(child=serializers.CharField())

    labels = Labels(data={"labels": ["a", 5, "6"]})

    assert not labels.is_valid()
    assert labels.errors == {"labels": {1: ["Send a text in quotes, not a number."]}}


@pytest.mark.parametrize("accepted", ["text/csv", "text/html", "application/xml;q=0.9", "nonsense"])
def test_a_list_is_json_whatever_the_reader_accepts(client, ana, accepted):
    answer = client.get("/api/v1/people", **bearer(ana), HTTP_ACCEPT=accepted)

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
