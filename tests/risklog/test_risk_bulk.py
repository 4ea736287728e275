"""Changing many risks at once, by page and API: preview, refusals, one transaction, one undo."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import undo
from history.models import Event
from kit.refusals import Refused
from people.states import Role
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.operations import risk_bulk, risk_bulk_undo
from risklog.operations.risk_bulk import BulkChange
from risklog.states import RiskState
from talk.models import Tag
from tests.conftest import AT
from tests.factories import people, risks
from tests.factories.risks import by

pytestmark = pytest.mark.django_db
API = "/api/v1/risks/bulk"


@pytest.fixture
def mia(client):
    person = people.user("Mia Manager", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def some(count=3, **fields):
    return [risks.risk(f"Risk {number}", **fields) for number in range(count)]


def rows_of(*found):
    return Risk.objects.filter(pk__in=[risk.pk for risk in found])


def values_of(*found):
    return list(rows_of(*found).order_by("pk").values_list("owner_id", "likelihood", "tags", "state"))


# ------------------------------------------------------------------ operations


def test_every_risk_gets_its_events_in_one_batch(mia, at):
    found, owner = some(tags=["a"]), people.user()

    result = risk_bulk.apply(
        rows_of(*found),
        BulkChange({"owner": owner, "likelihood": 5}, RiskState.ASSESSING, ["b"], ["a"]),
        by=by(mia),
        at=at,
    )

    assert (result.count("changed"), result.count("refused")) == (3, 0)
    assert values_of(*found) == [(owner.pk, 5, ["b"], "assessing")] * 3
    events = Event.objects.filter(batch=result.batch)
    assert sorted(events.values_list("verb", flat=True)) == (
        ["risklog.risk_assessing"] * 3 + ["risklog.risk_changed"] * 3
    )
    assert events.filter(verb="risklog.risk_changed").first().data["level"] == [4, 5]
    assert Risk.objects.filter(version=3).count() == 3


def test_a_review_date_stays_unless_a_higher_level_asks_for_an_earlier_one(mia, at):
    first, second = some(2, likelihood=3, impact=3)  # their reviews are due in 60 days
    soon = at.date() + timedelta(days=5)
    Risk.objects.filter(pk=second.pk).update(review_on=soon)
    owner, change = people.user(), BulkChange({"likelihood": 5, "impact": 5})

    def dates():
        found = rows_of(first, second).order_by("pk")
        return list(found.values_list("review_on", "confirmations"))

    before = dates()
    risk_bulk.apply(rows_of(first, second), BulkChange({"owner": owner}), by=by(mia), at=at)
    assert dates() == before

    rows = risk_bulk.apply(rows_of(first, second), change, by=by(mia), at=at).rows
    earlier = at.date() + timedelta(days=14)
    assert dates() == [(earlier, 0), (soon, 0)]
    assert rows[0].changes["review_on"] == (before[0][0], earlier)
    assert "review_on" not in rows[1].changes


def test_a_review_date_that_is_given_wins_over_a_higher_level(mia, at):
    (risk,) = some(1, likelihood=3, impact=3)
    change = BulkChange({"likelihood": 5, "impact": 5, "review_on": risk.review_on})

    risk_bulk.apply(rows_of(risk), change, by=by(mia), at=at)

    assert rows_of(risk).get().review_on == risk.review_on


def test_a_restricted_risk_is_seen_by_its_new_owner_only(mia, at):
    team, former, owner = people.team(), people.user(), people.user()
    people.member(team, mia)
    found = [risks.restricted(f"Secret {n}", team, owner=former) for n in range(2)]

    risk_bulk.apply(rows_of(*found), BulkChange({"owner": owner}), by=by(mia), at=at)

    assert Risk.objects.visible_to(owner).count() == 2
    assert Risk.objects.visible_to(former).count() == 0


def test_what_cannot_change_is_refused_with_its_reason_and_the_others_change(at):
    ana = people.user()
    own, of_other = risks.risk("Own", owner=ana), risks.risk("Other")
    closed = risks.risk("Closed", owner=ana, state=RiskState.CLOSED)
    treating = risks.risk("Treating", owner=ana, state=RiskState.TREATING)
    same = risks.risk("Same", owner=ana, state=RiskState.MONITORING)

    result = risk_bulk.apply(
        rows_of(own, of_other, closed, treating, same),
        BulkChange(state=RiskState.MONITORING),
        by=by(ana),
        at=at,
    )

    assert [(row.outcome, row.refusal) for row in result.rows] == [
        ("refused", "Open cannot change to Monitoring."),
        ("refused", "You may not change this risk."),
        ("refused", "It is closed. Reopen it on its page, with a reason."),
        ("refused", "Its residual risk is not assessed. Monitor it from its page."),
        ("unchanged", ""),
    ]
    assert result.batch is None


def test_a_risk_that_changed_since_the_preview_is_refused(mia, at):
    first, second = some(2)
    seen = {first.pk: first.version, second.pk: second.version}
    operations.change(second, {"impact": 1}, by=by(mia), at=at)

    result = risk_bulk.apply(rows_of(first, second), BulkChange({"impact": 5}), by=by(mia), at=at, seen=seen)

    assert [row.outcome for row in result.rows] == ["changed", "refused"]
    assert "since" in result.rows[1].refusal


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (BulkChange(), None),
        (BulkChange(state=RiskState.CLOSED), "state"),
        (BulkChange({"likelihood": 9}), "likelihood"),
    ],
)
def test_a_change_that_no_risk_can_take_is_refused_as_a_whole(mia, change, field):
    with pytest.raises(Refused) as refused:
        risk_bulk.plan(some(1), change, by=by(mia), at=AT)

    assert refused.value.field == field


def test_too_many_risks_are_refused(mia, at, monkeypatch):
    monkeypatch.setattr(risk_bulk, "MAX_RISKS", 2)

    with pytest.raises(Refused, match="at most 2 risks"):
        risk_bulk.apply(rows_of(*some(3)), BulkChange({"impact": 5}), by=by(mia), at=at)


def test_the_number_of_statements_does_not_grow(mia, at):
    def cost(count):
        found = some(count, owner=people.user())
        change = BulkChange({"owner": people.user(), "impact": 5}, RiskState.ASSESSING)
        with CaptureQueriesContext(connection) as asked:
            risk_bulk.apply(rows_of(*found), change, by=by(mia), at=at)
        return len(asked)

    cost(2)
    assert cost(3) == cost(9) <= 40


# ------------------------------------------------------------------ undo


def test_undo_restores_what_nobody_changed_since(mia, at):
    former, owner, other = people.user(), people.user(), people.user()
    first, second = some(2, owner=former, tags=["a"])
    result = risk_bulk.apply(
        rows_of(first, second),
        BulkChange({"owner": owner, "likelihood": 1}, add_tags=["b"]),
        by=by(mia),
        at=at,
    )
    operations.change(Risk.objects.get(pk=second.pk), {"owner": other}, by=by(mia), at=at)

    undone = risk_bulk_undo.undo(result.batch, at, by=by(mia), at=at)

    assert values_of(first, second) == [(former.pk, 4, ["a"], "open"), (other.pk, 4, ["a"], "open")]
    assert list(undone.left) == [second.reference]
    assert "owner" in undone.left[second.reference]
    assert f"{second.reference} (owner" in undo.left_over(undone.left)
    first.refresh_from_db()
    assert first.review_on == risks.risk().review_on


def test_a_second_undo_leaves_nothing_that_is_restored_already(mia, at):
    treating, other = risks.risk(state=RiskState.TREATING), risks.risk()
    result = risk_bulk.apply(
        rows_of(treating, other),
        BulkChange({"owner": people.user()}, RiskState.ASSESSING),
        by=by(mia),
        at=at,
    )

    for _ in range(2):
        undone = risk_bulk_undo.undo(result.batch, at, by=by(mia), at=at)
        assert undone.left == {}
        assert undone.refused == {other.reference: "No step leads back from assessing to open."}
    assert undone.count == 0


def test_undo_goes_back_to_a_state_if_a_step_leads_there(mia, at):
    treating, opened = risks.risk(state=RiskState.TREATING), risks.risk()
    result = risk_bulk.apply(
        rows_of(treating, opened), BulkChange(state=RiskState.ASSESSING), by=by(mia), at=at
    )

    undone = risk_bulk_undo.undo(result.batch, at, by=by(mia), at=at)

    assert [row[3] for row in values_of(treating, opened)] == ["treating", "assessing"]
    assert undone.left == {}
    assert "No step leads back" in undo.as_text(undone)


def test_only_the_author_undoes_a_bulk_change(mia, at):
    result = risk_bulk.apply(rows_of(*some(1)), BulkChange({"impact": 5}), by=by(mia), at=at)

    with pytest.raises(Refused, match="no change of yours"):
        risk_bulk_undo.undo(result.batch, at, by=by(people.user(role=Role.ADMINISTRATOR)), at=at)


def test_undo_leaves_what_was_restricted_since_and_does_not_name_it(mia, at):
    hidden, shown = some(2)
    result = risk_bulk.apply(rows_of(hidden, shown), BulkChange({"impact": 5}), by=by(mia), at=at)
    operations.restrict(Risk.objects.get(pk=hidden.pk), teams=[people.team()], by=by(people.user()), at=at)

    undone = risk_bulk_undo.undo(result.batch, at, by=by(mia), at=at)

    assert [row.obj for row in undone.rows] == [shown]
    assert undone.left == {}
    hidden.refresh_from_db()
    assert hidden.impact == 5


# ------------------------------------------------------------------ pages


def select(client, found, **fields):
    return client.post("/risks/bulk/", {"sel": [risk.pk for risk in found], **fields})


def test_the_list_has_boxes_for_those_who_may_change_risks(client, mia):
    (risk,) = some(1)
    page = client.get("/risks/").content.decode()
    assert f'name="sel" form="bulk" value="{risk.pk}"' in page
    assert 'action="/risks/bulk/"' in page

    client.force_login(people.user(role=Role.VIEWER))
    assert 'name="sel"' not in client.get("/risks/").content.decode()


def test_select_preview_apply_and_undo_without_scripts(client, mia):
    found, owner = some(2), people.user("Noor Haddad")

    form = select(client, found, query="level=4").content.decode()
    assert "Change 2 risks" in form
    change = {"owner": owner.pk, "likelihood": "5", "query": "level=4"}
    preview = select(client, found, step="preview", **change).content.decode()
    assert preview.count("Owner: none") == preview.count("<b>Noor Haddad</b>") == 2
    assert "2 to change, 0 unchanged, 0 refused" in preview
    seen = re.findall(r'name="seen" value="([\d:]+)"', preview)

    answer = select(client, found, step="apply", seen=seen, **change)

    assert answer["Location"] == "/risks/?level=4"
    page = client.get("/risks/?level=4").content.decode()
    assert "2 risks changed" in page
    assert [row[0] for row in values_of(*found)] == [owner.pk] * 2
    undo = re.search(r"/risks/bulk/undo/\?batch=[^\"]+", page)[0].replace("&amp;", "&")
    client.post(undo)
    assert [row[0] for row in values_of(*found)] == [None] * 2
    assert "2 risks restored" in client.get("/risks/").content.decode()


def test_the_preview_shows_an_earlier_review(client, mia):
    found = some(1, likelihood=3, impact=3)

    page = select(client, found, step="preview", likelihood="5", impact="5").content.decode()

    assert "Next review:" in page
    day = AT.date() + timedelta(days=14)
    assert f"<b>{day:%a} {day.day} {day:%b}</b>" in page


def test_all_that_match_the_list_are_selected(client, mia):
    some(2, likelihood=5, impact=5)
    some(1, likelihood=1, impact=1)
    risks.risk(likelihood=5, impact=5, state=RiskState.CLOSED)

    answer = client.post("/risks/bulk/", {"all": "1", "query": "level=5"})

    assert len(answer.context["rows"]) == 2
    assert client.post("/risks/bulk/", {"all": "1", "query": "level=9"}).status_code == 400


def test_the_result_names_each_refused_risk_with_its_reason_and_offers_the_undo(client, mia, at):
    opened, closed = risks.risk("Opened"), risks.risk("Closed one", state=RiskState.CLOSED)
    seen = [f"{risk.pk}:{risk.version}" for risk in (opened, closed)]

    answer = select(client, [opened, closed], step="apply", state="assessing", seen=seen, query="level=4")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<h1>1 risk changed, 1 refused</h1>" in page
    assert closed.reference in page
    assert "It is closed. Reopen it on its page, with a reason." in page
    assert opened.reference not in page
    assert 'href="/risks/?level=4"' in page
    undo = re.search(r"/risks/bulk/undo/\?batch=[^\"]+", page)[0].replace("&amp;", "&")
    assert client.post(undo, {"next": "/risks/?level=4"})["Location"] == "/risks/?level=4"


@pytest.mark.usefixtures("mia")
@pytest.mark.parametrize(
    ("query", "name"), [("foo=1", "foo"), ("state=bogus", "state"), ("level=9", "level")]
)
def test_a_bad_filter_is_named(client, query, name):
    answer = client.post("/risks/bulk/", {"all": "1", "query": query})

    assert (answer.status_code, f"{name}: " in answer.content.decode()) == (400, True)


@pytest.mark.usefixtures("mia")
def test_more_than_a_thousand_selected_risks_are_told_to_be_too_many(client):
    client.post("/risks/bulk/", {"sel": list(range(1, 1002))})

    assert "Select at most 1,000 risks" in client.get("/risks/").content.decode()


def test_a_thousand_risks_can_be_sent_with_their_versions(client, mia):
    (risk,) = some(1)
    body = {"sel": [risk.pk, *range(10**6, 10**6 + 999)], "step": "apply", "impact": "5"}

    client.post("/risks/bulk/", {**body, "seen": [f"{pk}:1" for pk in body["sel"]]})

    assert rows_of(risk).get().impact == 5


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"step": "preview"}, 422, "Choose at least one change."),
        ({"step": "preview", "likelihood": "9"}, 422, "Select a valid choice"),
        ({"step": "preview", "owner": "999999"}, 422, "Select a valid choice"),
        ({"step": "apply", "impact": "5"}, 200, "Somebody else changed it since."),
    ],
)
def test_bad_input_of_the_form_is_refused_beside_its_field(client, mia, fields, status, text):
    found = some(1)

    answer = select(client, found, **fields)

    assert (answer.status_code, text in answer.content.decode()) == (status, True)
    assert Risk.objects.get(pk=found[0].pk).version == 1  # without the preview nothing is changed


def test_tags_enter_the_vocabulary_when_the_change_is_applied(mia, at):
    found = some(1, tags=["old"])
    change = BulkChange(add_tags=["Quarter End"], remove_tags=["Old"])

    rows = risk_bulk.plan(found, change, by=by(mia), at=at)

    assert rows[0].changes == {"tags": (["old"], ["quarter end"])}
    assert not Tag.objects.filter(name="quarter end").exists()
    risk_bulk.apply(rows_of(*found), change, by=by(mia), at=at)
    assert Tag.objects.filter(name="quarter end").exists()


def test_a_risk_with_too_many_tags_is_refused_alone(mia):
    full, empty = risks.risk(tags=[f"tag {number}" for number in range(20)]), risks.risk()

    rows = risk_bulk.plan([full, empty], BulkChange(add_tags=["one more"]), by=by(mia), at=AT)

    assert [row.refusal for row in rows] == ["Use at most 20 tags.", ""]


def test_a_retired_tag_is_refused_for_all(mia, at):
    Tag.objects.create(name="gone", retired_at=at)

    with pytest.raises(Refused, match="is retired") as refused:
        risk_bulk.plan(some(1), BulkChange(add_tags=["gone"]), by=by(mia), at=at)

    assert refused.value.field == "add_tags"


@pytest.mark.usefixtures("mia")
def test_nothing_selected_leads_back(client):
    client.post("/risks/bulk/", {"query": "level=5"})

    assert "Select at least one risk." in client.get("/risks/").content.decode()


@pytest.mark.usefixtures("mia")
@pytest.mark.parametrize(
    "query", ["", "batch=x&at=y", "batch=3fa85f64-5717-4562-b3fc-2c963f66afa6&at=2026-11-23"]
)
def test_an_undo_address_that_is_wrong_is_refused(client, query):
    assert client.post(f"/risks/bulk/undo/?{query}").status_code == 400


# ------------------------------------------------------------------ the API


def post(client, body, **headers):
    return client.post(API, body, content_type="application/json", headers=headers)


def test_a_dry_run_says_what_a_change_would_do(client, mia):
    found = some(2)
    change = {"impact": 5, "add_tags": ["Quarter end"], "owner": mia.email}
    body = {"select": {"state": "open", "level": "4"}, "change": change}

    dry = post(client, {**body, "dry_run": True}).json()
    assert {name: dry[name] for name in ("changed", "unchanged", "refused", "batch")} == {
        "changed": 2, "unchanged": 0, "refused": 0, "batch": None,
    }  # fmt: skip
    assert dry["rows"][0]["changes"] == {
        "impact": [4, 5], "tags": [[], ["quarter end"]], "owner": [None, mia.pk],
        "review_on": [str(AT.date() + timedelta(days=30)), str(AT.date() + timedelta(days=14))],
    }  # fmt: skip
    assert values_of(*found)[0][2] == []

    done = post(client, body).json()
    assert [row["changes"] for row in done["rows"]] == [row["changes"] for row in dry["rows"]]
    assert values_of(*found)[0][2] == ["quarter end"]

    undo = {"batch": done["batch"], "at": done["at"]}
    undone = client.post(f"{API}/undo", undo, content_type="application/json").json()
    assert undone == {"restored": 2, "left": {}, "refused": {}}
    assert values_of(*found)[0][2] == []


def test_risks_are_named_by_id_or_reference_and_a_hidden_one_is_unknown(client, mia):
    first, second = some(2)
    hidden = risks.restricted("Secret", people.team())
    change = {"impact": 5}

    named = post(client, {"ids": [str(first.pk), second.reference.lower()], "change": change}).json()
    assert named["changed"] == 2
    for key in (hidden.reference, "R-999999", str(hidden.pk), "x"):
        answer = post(client, {"ids": [key], "change": change})
        assert answer.status_code == 400
        assert answer.json()["errors"] == [{"field": "ids", "detail": f"There is no risk “{key}”."}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"change": {"impact": 5}}, "ids"),
        ({"ids": ["1"], "select": {}, "change": {"impact": 5}}, "ids"),
        ({"ids": [], "change": {"impact": 5}}, "ids"),
        ({"select": {"colour": "red"}, "change": {"impact": 5}}, "select.colour"),
        ({"select": {"level": "9"}, "change": {"impact": 5}}, "select.level"),
        ({"select": {"limit": "9"}, "change": {"impact": 5}}, "select.limit"),
        ({"select": {}, "change": {"impact": 9}}, "change.impact"),
        ({"select": {}, "change": {"state": "closed"}}, "change.state"),
        ({"select": {}, "change": {"colour": "red"}}, "change.colour"),
        ({"select": {}}, "change"),
    ],
)
def test_a_bad_body_is_refused_by_field(client, mia, body, field):
    some(1)

    answer = post(client, body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_a_repeated_request_acts_once(client, mia):
    (risk,) = some(1)
    body = {"ids": [risk.reference], "change": {"review_on": "2027-01-31"}}
    key = {"Idempotency-Key": "bulk-1"}

    assert post(client, body, **key).json() == post(client, body, **key).json()

    risk.refresh_from_db()
    assert (risk.review_on, risk.version) == (date(2027, 1, 31), 2)
