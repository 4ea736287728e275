"""The receiver of any JSON: points and checks of tools, by the mapping of their source."""

import json
from datetime import timedelta

import pytest

from kit.actor import SYSTEM
from kit.refusals import Refused
from people.states import Role
from signals.mapping.presets import PRESETS
from signals.models import Alert, Breach, Delivery, Point, Source
from signals.operations import payload
from signals.operations import source as sources
from signals.states import Adapter
from tests.factories import people, signals
from tests.signals.conftest import NOW
from tests.signals.test_generic_mapping import MAPPING, body_of

pytestmark = pytest.mark.django_db
LAB = "/api/v1/intake/generic/lab"


def mapped(name: str) -> Source:
    source = signals.source("lab", adapter=Adapter.GENERIC)
    return sources.change(source, {"mapping": PRESETS[name].mapping}, by=SYSTEM, at=NOW)


def test_the_checks_of_a_run_open_breaches_and_the_next_run_clears_them(sender):
    mapped("dbt")
    run = body_of("dbt_run_results_v6.json")
    failing = [one["unique_id"] for one in run["results"] if one["status"] in ("fail", "error", "warn")]

    first = sender(f"{LAB}?model=fraud-score", run)
    again = sender(f"{LAB}?model=fraud-score", run)

    assert (first.status_code, first.json()["rejected"]) == (202, 0)
    assert again.json()["stored"] == 0
    assert set(Alert.objects.filter(is_firing=True).values_list("name", flat=True)) == set(failing)
    assert Breach.objects.filter(state="open").count() == len(failing)

    passed = [{**one, "status": "pass"} for one in run["results"]]
    sender(f"{LAB}?model=fraud-score", {**run, "results": passed})

    assert not Alert.objects.filter(is_firing=True).exists()
    assert not Breach.objects.filter(state="open").exists()


def test_a_skipped_check_that_passed_before_opens_no_breach(sender, move_clock):
    mapped("dbt")
    answers = []
    for minute, status in enumerate(("fail", "pass", "skipped")):
        move_clock(NOW + timedelta(minutes=minute))
        body = {"results": [{"unique_id": "test.not_null", "status": status}]}
        answers.append(sender(f"{LAB}?model=fraud-score", body).json()["results"])

    assert answers == [["stored"], ["stored"], ["ignored"]]
    assert (Alert.objects.count(), Breach.objects.get().state) == (1, "cleared")


def test_a_skipped_check_that_fails_goes_on_failing(sender, move_clock):
    mapped("dbt")
    for minute, status in enumerate(("fail", "skipped")):
        move_clock(NOW + timedelta(minutes=minute))
        sender(f"{LAB}?model=fraud-score", {"results": [{"unique_id": "test.not_null", "status": status}]})

    assert (Alert.objects.get().is_firing, Breach.objects.get().state) == (True, "open")


def test_a_complete_body_resolves_the_checks_that_it_does_not_contain(sender):
    mapped("pandera")
    cases = [{"column": column, "check": "not_null", "failure_case": None} for column in ("age", "income")]
    sender(f"{LAB}?model=fraud-score", cases)
    sender(f"{LAB}?model=other", cases[:1])

    sender(f"{LAB}?model=fraud-score", cases[:1])
    firing = Alert.objects.filter(is_firing=True)
    assert sorted((row.labels["model"], row.labels["feature"]) for row in firing) == [
        ("fraud-score", "age"),
        ("other", "age"),
    ]

    answer = sender(f"{LAB}?model=fraud-score", [])
    assert answer.status_code == 202
    assert [row.labels["model"] for row in Alert.objects.filter(is_firing=True)] == ["other"]


def test_points_are_stored_once(sender):
    source = signals.source("lab", adapter=Adapter.GENERIC)
    sources.change(source, {"mapping": MAPPING | {"ts": "/when"}}, by=SYSTEM, at=NOW)
    body = {
        "when": "2026-11-20T10:00:00Z",
        "results": [{"name": "psi", "stats": {"mean": 0.2}}, {"name": "x"}],
    }

    first, again = sender(LAB, body), sender(LAB, body)

    assert (first.json()["results"], again.json()["results"]) == (
        ["stored", "rejected"],
        ["duplicate", "rejected"],
    )
    assert first.json()["rejections"][0]["field"] == "results[1]/stats/mean: value"
    assert Point.objects.get().value == 0.2


def test_a_body_for_a_source_without_mapping_is_kept(sender):
    signals.source("lab", adapter=Adapter.GENERIC)
    body = {"results": [{"name": "psi", "stats": {"mean": 0.2}}]}

    refused = sender(LAB, body)

    assert refused.status_code == 422
    assert "no mapping yet" in refused.json()["errors"][0]["detail"]
    assert json.loads(Delivery.objects.get().body) == body


@pytest.mark.parametrize("body", [{}, [], "text", 3, None, {"results": [[]]}, {"results": [{"name": {}}]}])
def test_an_odd_body_is_a_client_error(sender, body):
    source = signals.source("lab", adapter=Adapter.GENERIC)
    sources.change(source, {"mapping": MAPPING}, by=SYSTEM, at=NOW)

    assert sender(LAB, body).status_code == 422
    assert not Point.objects.exists()


def test_a_mapping_that_cannot_be_used_is_not_saved(at):
    source = signals.source("lab", adapter=Adapter.GENERIC)

    with pytest.raises(Refused, match="metric: This field is required"):
        sources.change(source, {"mapping": MAPPING | {"metric": ""}}, by=SYSTEM, at=at)


# ---------------------------------------------------------- taken again


@pytest.fixture
def kept(move_clock):
    """Return a function that keeps a body of dbt at a minute, as received before its source had a mapping."""
    source = mapped("dbt")

    def keep(minute: int, status: str) -> Delivery:
        body = json.dumps({"results": [{"unique_id": "not_null", "status": status}]}).encode()
        at, asked = NOW + timedelta(minutes=minute), {"model": "fraud-score"}
        return sources.note_delivery(source, at=at, status=422, body=body, asked=asked)

    return keep


def replayed(*deliveries: Delivery) -> list[tuple[int, int]]:
    taken = [payload.replay(one, by=SYSTEM, at=NOW + timedelta(hours=2)) for one in deliveries]
    return [(one.stored, one.duplicates) for one in taken]


@pytest.mark.parametrize(("old", "new"), [("fail", "pass"), ("pass", "fail")])
def test_an_old_body_taken_again_leaves_what_a_later_one_said(sender, move_clock, kept, old, new):
    delivery = kept(0, old)
    move_clock(NOW + timedelta(minutes=10))
    sender(f"{LAB}?model=fraud-score", {"results": [{"unique_id": "not_null", "status": new}]})

    assert replayed(delivery) == [(0, 1)]
    assert Alert.objects.get().is_firing == (new == "fail")
    assert list(Breach.objects.values_list("state", flat=True)) == (["open"] if new == "fail" else [])


def test_bodies_taken_again_in_their_order_are_dated_by_their_receipt(kept):
    assert replayed(kept(0, "fail"), kept(5, "pass")) == [(1, 0), (1, 0)]

    breach = Breach.objects.get()
    assert (breach.opened_at, breach.cleared_at) == (NOW, NOW + timedelta(minutes=5))


def test_an_old_complete_body_resolves_no_newer_failure(sender, move_clock):
    source = mapped("pandera")
    old = sources.note_delivery(source, at=NOW, status=202, body=b"[]", asked={"model": "fraud-score"})
    move_clock(NOW + timedelta(minutes=10))
    case = {"column": "age", "check": "not_null", "failure_case": None}
    sender(f"{LAB}?model=fraud-score", [case])

    replayed(old)

    assert (Alert.objects.get().is_firing, Breach.objects.get().state) == (True, "open")


# ---------------------------------------------------------- the page that builds a mapping


BUILT = {
    "makes": "points",
    "items": "results",
    "model": "=fraud-score",
    "metric": "name",
    "value": "stats/mean",
}
SAMPLE = json.dumps({"results": [{"name": "psi", "stats": {"mean": 0.2}}]})


@pytest.fixture
def page(client):
    source = signals.source("lab", adapter=Adapter.GENERIC)
    client.force_login(people.user(role=Role.RISK_MANAGER))
    return f"/signals/sources/{source.pk}/mapping/"


def test_a_mapping_is_tried_and_then_saved(client, page):
    tried = client.post(page, {**BUILT, "body": SAMPLE, "version": 1, "try": "1"})

    assert tried.context["tried"].items[0].value == 0.2
    assert Source.objects.get().mapping == {}
    assert not Point.objects.exists()

    saved = client.post(page, {**BUILT, "body": SAMPLE, "version": 1})

    assert saved.status_code == 303
    assert Source.objects.get().mapping == BUILT


def test_the_page_keeps_what_severities_and_kinds_mean(client, page):
    mapping = PRESETS["great_expectations"].mapping
    told = {"severities": {"high": "critical"}, "kinds": {"checks": "data_quality"}}
    source = sources.change(Source.objects.get(), {"mapping": mapping | told}, by=SYSTEM, at=NOW)
    form = client.get(page).context["form"]
    filled = {one.name: one.value() for one in form if one.value()}

    client.post(page, {**filled, "summary": "message", "version": source.version})

    assert Source.objects.get().mapping == mapping | told | {"summary": "message"}


def test_the_model_of_the_address_is_tried_on_the_page(client, page):
    source = Source.objects.get()
    sources.change(source, {"mapping": PRESETS["dbt"].mapping}, by=SYSTEM, at=NOW)
    body = json.dumps({"results": [{"unique_id": "not_null", "status": "fail"}]})

    tried = client.post(f"/signals/sources/{source.pk}/test/", {"body": body, "model": "fraud-score"})

    assert tried.context["tried"].items[0].model_name == "fraud-score"


def test_the_last_kept_body_is_the_sample(client, page):
    sources.note_delivery(Source.objects.get(), at=NOW, status=202, body=SAMPLE.encode(), is_sample=True)

    assert client.get(page).context["form"]["body"].value() == SAMPLE


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"metric": ""}, "metric"),
        ({"members": "{x}"}, "members"),
        ({"body": "{"}, "body"),
        ({"makes": "x"}, "makes"),
    ],
)
def test_a_wrong_field_of_a_mapping_is_reported_at_the_field(client, page, wrong, field):
    answer = client.post(page, {**BUILT, "body": SAMPLE, "version": 1} | wrong)

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert Source.objects.get().mapping == {}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fills_the_form_and_can_be_saved(client, page, name):
    form = client.get(f"{page}?preset={name}").context["form"]
    filled = {one.name: one.value() for one in form if one.value()}

    answer = client.post(page, {**filled, "version": 1})

    assert answer.status_code == 303
    assert Source.objects.get().mapping == PRESETS[name].mapping
