"""The vocabulary of tags: operations, pages and API."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Event
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from learnings.models import Learning
from people.states import Role
from risklog.models import Risk
from risklog.operations import risk as risk_operations
from talk.models import Tag
from talk.operations import tag as operations
from talk.queries import tag as queries
from tests.conftest import AT
from tests.factories import learnings, people, risks

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


@pytest.fixture
def mia():
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.fixture
def act(mia):
    return {"by": Actor(mia, "page"), "at": LATER}


def numbers(reader) -> dict[str, int]:
    return dict(queries.tags(reader).values_list("name", "number"))


def tags_of(*risks_) -> list[list[str]]:
    return [Risk.objects.get(pk=risk.pk).tags for risk in risks_]


def test_tags_enter_the_vocabulary_when_an_object_gets_them(mia):
    risks.risk(tags=["Income ", "drift", "income"])
    learnings.published(tags=["drift"])

    assert numbers(mia) == {"income": 1, "drift": 2}
    assert Tag.objects.count() == 2


@pytest.mark.parametrize(
    ("tags", "words"),
    [([f"t{number}" for number in range(21)], "at most 20 tags"), (["x" * 61], "at most 60 characters")],
)
def test_too_many_and_too_long_tags_are_refused_everywhere(tags, words):
    for create in (risks.risk, learnings.published):
        with pytest.raises(Refused, match=words) as refusal:
            create(tags=tags)
        assert refusal.value.field == "tags"


def test_a_renamed_tag_changes_every_object_and_is_recorded_with_each(act, mia):
    first, second = risks.risk(tags=["a", "old", "b"]), risks.risk(tags=["new-ish", "old"])
    learning = learnings.published(tags=["old"])
    version = first.version

    assert operations.rename("Old", to="New", **act) == "new"

    assert tags_of(first, second) == [["a", "new", "b"], ["new-ish", "new"]]
    assert Learning.objects.get(pk=learning.pk).tags == ["new"]
    events = Event.objects.filter(verb="talk.tag_replaced")
    assert {event.subject_id for event in events} == {
        first.subject_id,
        second.subject_id,
        learning.subject_id,
    }
    assert events[0].data["rows"][0]["changes"]["tags"]
    assert Risk.objects.get(pk=first.pk).version == version + 1
    assert numbers(mia) == {"a": 1, "b": 1, "new": 3, "new-ish": 1}


def test_a_former_name_becomes_the_current_one_also_after_two_renamings(act):
    risks.risk(tags=["first"])
    operations.rename("first", to="second", **act)
    operations.rename("second", to="third", **act)

    assert risks.risk(tags=["first", "second"]).tags == ["third"]


def test_a_name_that_is_used_again_is_a_tag_again(act):
    risk = risks.risk(tags=["first"])
    operations.rename("first", to="second", **act)
    operations.rename("second", to="first", **act)

    assert tags_of(risk) == [["first"]]
    assert risks.risk(tags=["first"]).tags == ["first"]
    assert risks.risk(tags=["second"]).tags == ["first"]


def test_merged_tags_are_one_tag_once(act):
    risk = risks.risk(tags=["drift", "data-drift"])
    operations.merge("data-drift", into="drift", **act)

    assert tags_of(risk) == [["drift"]]


@pytest.mark.parametrize(
    ("run", "field", "words"),
    [
        (lambda act: operations.rename("none", to="x", **act), "tag", "There is no tag “none”"),
        (lambda act: operations.rename("a", to="b", **act), "to", "“b” exists. Merge the two"),
        (lambda act: operations.rename("a", to=" ", **act), "to", "Enter a tag"),
        (lambda act: operations.rename("a", to="x" * 61, **act), "to", "Enter a tag"),
        (lambda act: operations.merge("a", into="c", **act), "into", "There is no tag “c”"),
        (lambda act: operations.merge("a", into="A", **act), "into", "This is the same tag"),
        (lambda act: operations.restore("a", **act), "tag", "There is no retired tag “a”"),
    ],
)
def test_a_step_that_does_not_fit_is_refused(act, run, field, words):
    risks.risk(tags=["a", "b"])
    with pytest.raises(Refused, match=words) as refusal:
        run(act)

    assert refusal.value.field == field


def test_a_retired_tag_stays_where_it_is_and_no_other_object_gets_it(act, mia):
    risk = risks.risk(tags=["old", "a"])
    operations.retire("old", **act)

    with pytest.raises(Refused, match="“old” is retired"):
        risks.risk(tags=["old"])
    kept = risk_operations.change(Risk.objects.get(pk=risk.pk), {"tags": ["old", "b"]}, **act)
    assert kept.tags == ["old", "b"]
    assert queries.suggested(mia) == ["b"]

    operations.restore("old", **act)
    assert risks.risk(tags=["old"]).tags == ["old"]


def test_a_prefilled_tag_that_is_retired_is_left_out(act):
    risks.risk(tags=["old"])
    operations.retire("old", **act)

    assert operations.admit_prefilled(["old", "x" * 80]) == ["x" * 60]


def test_the_tags_of_hidden_objects_are_hidden_and_replaced_nevertheless(act, mia):
    hidden = risks.restricted("Hidden", people.team("Fraud"), tags=["zanzibar", "shared"])
    risks.risk(tags=["shared"])
    assert numbers(mia) == {"shared": 1}
    with pytest.raises(Refused, match="There is no tag “zanzibar”"):
        operations.rename("zanzibar", to="x", **act)

    operations.rename("shared", to="common", **act)

    assert tags_of(hidden) == [["zanzibar", "common"]]


def test_a_tag_that_only_hidden_objects_have_is_no_obstacle(act):
    hidden = risks.restricted("Hidden", people.team("Fraud"), tags=["zanzibar"])
    risk = risks.risk(tags=["a"])

    operations.rename("a", to="zanzibar", **act)

    assert tags_of(risk, hidden) == [["zanzibar"], ["zanzibar"]]


def test_an_edit_of_before_a_renaming_is_a_conflict(act):
    risk = risks.risk(tags=["old"])
    operations.rename("old", to="new", **act)

    with pytest.raises(ChangedMeanwhile):
        risk_operations.change(risk, {"title": "Better"}, **act)


def test_a_renaming_takes_the_same_statements_for_any_number_of_objects(act):
    counts = []
    queries.is_visible("any", act["by"].person)  # reads the teams of the person once
    for number in (2, 20):
        for _ in range(number):
            risks.risk(tags=[f"old-{number}"])
        with CaptureQueriesContext(connection) as found:
            operations.rename(f"old-{number}", to=f"new-{number}", **act)
        counts.append(len(found))

    assert counts[0] == counts[1]


def test_the_tags_of_an_earlier_version_enter_the_vocabulary(act):
    risks.risk(tags=["a"])
    learnings.published(tags=["b"])
    Tag.objects.all().delete()

    operations.after_migrate(using="default")

    assert set(Tag.objects.values_list("name", flat=True)) == {"a", "b"}


# ------------------------------------------------------------------ pages


def test_the_page_lists_tags_with_counts_and_managers_change_them(client, mia):
    risks.risk(tags=["ci/cd & more"])
    client.force_login(mia)

    html = client.get("/tags/").content.decode()
    assert 'href="/risks/?tag=ci%2Fcd%20%26%20more"' in html
    assert client.get("/risks/?tag=ci%2Fcd%20%26%20more").content.decode().count("ci/cd") > 0
    assert client.get("/tags/edit/?tag=ci%2Fcd%20%26%20more").status_code == 200
    answer = client.post("/tags/rename/", {"tag": "ci/cd & more", "other": "delivery"})

    assert (answer.status_code, Risk.objects.get().tags) == (303, ["delivery"])


def test_the_page_counts_what_each_list_shows(client, mia):
    """A closed risk and a draft have the tag, but the lists that the numbers open do not show them."""
    for state in ("open", "closed"):
        risks.risk(tags=["drift"], state=state)
    learnings.draft(tags=["drift"])
    client.force_login(mia)

    page = client.get("/tags/").content.decode()
    shown = dict(re.findall(r'href="(/\w+/)\?tag=drift">(\d+)<', page))

    assert numbers(mia)["drift"] == 3
    assert shown == {"/risks/": "1", "/learnings/": "0"}
    assert len(client.get("/risks/?tag=drift").context["listing"].page.rows) == 1


def test_a_refused_step_keeps_what_was_typed(client, mia):
    risks.risk(tags=["a", "b"])
    client.force_login(mia)

    answer = client.post("/tags/rename/", {"tag": "a", "other": "b"})

    assert answer.status_code == 422
    assert "“b” exists. Merge the two instead." in answer.content.decode()
    assert 'value="b"' in answer.content.decode()


@pytest.mark.parametrize("step", ["merge", "retire", "restore"])
def test_every_step_has_its_button(client, mia, step):
    risks.risk(tags=["a", "b"])
    client.force_login(mia)
    if step == "restore":
        client.post("/tags/retire/", {"tag": "a"})

    assert f'formaction="/tags/{step}/"' in client.get("/tags/edit/?tag=a").content.decode()
    assert client.post(f"/tags/{step}/", {"tag": "a", "other": "b"}).status_code == 303


def test_a_member_sees_tags_and_changes_none(client):
    risks.risk(tags=["a"])
    client.force_login(people.user())

    page = client.get("/tags/").content.decode().partition("<main")[2].partition("</main>")[0]
    assert page
    assert "Change" not in page
    assert client.get("/tags/edit/?tag=a").status_code == 403
    assert client.post("/tags/retire/", {"tag": "a"}).status_code == 403


def test_a_hidden_tag_has_no_page(client, mia):
    risks.restricted("Hidden", people.team("Fraud"), tags=["zanzibar"])
    client.force_login(mia)

    assert client.get("/tags/edit/?tag=zanzibar").status_code == 404
    assert "zanzibar" not in client.get("/tags/").content.decode()


def test_forms_suggest_tags(client, mia):
    risk = risks.risk(tags=["drift"])
    draft = learnings.draft(author=mia)
    client.force_login(mia)

    for path in (f"/risks/{risk.reference}/edit/", f"/learnings/{draft.reference}/edit/"):
        html = client.get(path).content.decode()
        assert 'list="tag-names"' in html
        assert '<option value="drift"></option>' in html


def test_a_retired_tag_in_a_form_is_an_error_of_its_field(client, mia, act):
    risks.risk(tags=["old"])
    draft = learnings.draft(author=mia)
    operations.retire("old", **act)
    client.force_login(mia)

    form = {"title": "Better", "seen": "It drifted.", "tags": "old", "version": draft.version}
    answer = client.post(f"/learnings/{draft.reference}/edit/", form)

    assert answer.status_code == 422
    assert "The tag “old” is retired." in answer.content.decode()


# ------------------------------------------------------------------ API


def test_the_api_lists_tags_at_the_same_cost_and_changes_them(client, mia):
    client.force_login(mia)
    counts = []
    for name in ("a", "b"):
        risks.risk(tags=[name])
        with CaptureQueriesContext(connection) as found:
            assert client.get("/api/v1/tags").status_code == 200
        counts.append(len(found))
        risks.risk(tags=[f"{name}{name}", "c"])
    assert counts[0] == counts[1]

    rows = client.get("/api/v1/tags?order=-number&limit=1").json()["results"]
    assert [(row["name"], row["number"]) for row in rows] == [("c", 2)]
    assert client.get("/api/v1/tags?q=B").json()["count"] == 2

    def post(step, **body):
        return client.post(f"/api/v1/tags/{step}", body, content_type="application/json")

    assert post("rename", tag="a", to="z").json() == {"name": "z"}
    assert post("merge", tag="z", into="b").json() == {"name": "b"}
    assert post("retire", tag="b").json() == {"name": "b"}
    assert [row["name"] for row in client.get("/api/v1/tags?is_retired=true").json()["results"]] == ["b"]
    assert post("restore", tag="b").status_code == 200
    refused = post("rename", tag="none", to="z")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "tag")
    assert post("rename", tag="b").json()["errors"][0]["field"] == "to"


def test_a_member_changes_no_tag_by_api(client):
    client.force_login(people.user())

    answer = client.post("/api/v1/tags/retire", {"tag": "a"}, content_type="application/json")

    assert answer.status_code == 403
