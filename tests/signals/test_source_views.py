"""The pages of sources: deliveries, their results, and the configuration for the tool."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from kit.actor import SYSTEM
from people.states import Role
from signals.models import Source
from signals.operations import source as operations
from signals.queries import configuration
from signals.states import Adapter
from tests.conftest import AT
from tests.factories import people, signals

pytestmark = pytest.mark.django_db
LIST = "/signals/sources/"
NEW = {
    "name": "Prometheus EU",
    "slug": "prometheus-eu",
    "adapter": "alertmanager",
    "owner": "",
    "period": "",
    "mapping": "",
}


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def _count(client, path) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def _page(client, found) -> str:
    return client.get(f"{LIST}{found.pk}/").content.decode()


def delivered(found, *, at=AT, status=202, **more):
    return operations.note_delivery(found, at=at, status=status, **more)


def test_an_empty_list_shows_the_call_that_makes_a_source(client, ana):
    page = client.get(LIST).content.decode()

    assert "No sources yet" in page
    assert "/api/v1/points" in page


def test_the_list_costs_the_same_at_one_and_three_rows(client, ana):
    signals.source()
    few = _count(client, LIST)
    for slug in ("b", "c"):
        operations.change(signals.source(slug), {"owner": people.user()}, by=SYSTEM, at=AT)

    assert _count(client, LIST) == few


def test_a_source_shows_the_result_of_each_body(client, ana):
    found = signals.source()
    delivered(found, counts={"stored": 3, "duplicate": 2})
    delivered(
        found, status=422, counts={"rejected": 1}, problem="points[0].value: not a number", body=b"<b>{</b>"
    )

    page = _page(client, found)

    assert "3 stored, 2 duplicates" in page and "Rejected" in page
    assert "points[0].value: not a number" in page
    assert "&lt;b&gt;{&lt;/b&gt;" in page and "<b>{</b>" not in page


def test_a_source_costs_the_same_at_one_and_three_deliveries(client, ana):
    found = signals.source()
    delivered(found)
    few = _count(client, f"{LIST}{found.pk}/")
    for _ in range(2):
        delivered(found)

    assert _count(client, f"{LIST}{found.pk}/") == few


def test_deliveries_come_in_pages(client, ana):
    found = signals.source()
    for minute in range(52):
        delivered(found, at=AT + timedelta(minutes=minute))

    first = client.get(f"{LIST}{found.pk}/").context["page"]
    second = client.get(f"{LIST}{found.pk}/?after={first.after}").context["page"]

    assert (len(first.rows), len(second.rows)) == (50, 2)


def test_only_its_owner_and_risk_managers_read_what_a_source_sent(client, ana):
    found = signals.source()
    delivered(found, status=400, problem="secret words", body=b"secret body")
    member = people.user()
    client.force_login(member)

    assert "secret" not in _page(client, found)
    operations.change(found, {"owner": member}, by=SYSTEM, at=AT)
    assert "secret body" in _page(client, found)


def test_a_source_that_is_silent_beyond_its_period_is_a_finding(client, ana):
    now = AT
    found = operations.change(signals.source(), {"expected_every": timedelta(hours=1)}, by=SYSTEM, at=AT)
    assert "stopped sending" not in _page(client, found)  # it has not started sending
    delivered(found, at=now - timedelta(hours=3))

    assert "stopped sending" in _page(client, found)
    assert "Silent" in client.get(LIST).content.decode()
    delivered(found, at=now)
    assert "stopped sending" not in _page(client, found)


def test_the_configuration_of_alertmanager_is_yaml_with_the_address_and_no_secret(client, ana, settings):
    settings.BASE_URL = "https://risk.example.org"
    found = signals.source("prometheus-eu", adapter=Adapter.ALERTMANAGER)

    page = _page(client, found)

    assert "https://risk.example.org/api/v1/intake/alertmanager/prometheus-eu" in page
    assert "credentials_file" in page


def test_the_configuration_can_be_read_by_a_yaml_reader():
    yaml = pytest.importorskip("yaml")

    read = yaml.safe_load(configuration.alertmanager_receiver("prometheus-eu"))

    default, riskhub = read["receivers"]
    webhook = riskhub["webhook_configs"][0]
    assert webhook["url"].endswith("/api/v1/intake/alertmanager/prometheus-eu")
    assert webhook["http_config"]["authorization"]["type"] == "Bearer"
    assert read["route"]["routes"][0]["receiver"] == riskhub["name"]
    assert read["route"]["receiver"] == default["name"]


def test_the_address_to_copy_is_an_address_of_ours(client):
    assert resolve("/api/v1/intake/alertmanager/prometheus-eu").kwargs == {"slug": "prometheus-eu"}
    assert resolve("/api/v1/points")


def test_a_source_is_added(client, ana):
    answer = client.post(f"{LIST}new/", NEW | {"period": "3600", "mapping": '{"model": ["service"]}'})

    found = Source.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{LIST}{found.pk}/")
    assert (found.expected_every, found.mapping) == (timedelta(hours=1), {"model": ["service"]})
    assert signals.source("prometheus-eu", adapter=Adapter.ALERTMANAGER) == found


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"slug": "no spaces"}, "slug"),
        ({"slug": "taken"}, "slug"),
        ({"adapter": "x"}, "adapter"),
        ({"period": "17"}, "period"),
        ({"mapping": "{"}, "mapping"),
        ({"mapping": "[]"}, "mapping"),
        ({"severities": "info"}, "severities"),
        ({"severities": "info: later"}, "severities"),
        ({"mapping": '{"modell": ["x"]}'}, "mapping"),
        ({"mapping": '{"model": "x"}'}, "mapping"),
        ({"mapping": '{"kinds": {"a": NaN}}'}, "mapping"),
        ({"mapping": '{"kinds": {"a": 1}}'}, "mapping"),
        ({"mapping": r'{"model": ["\u0000"]}'}, "mapping"),
        ({"mapping": r'{"model": ["\ud800"]}'}, "mapping"),
        ({"mapping": "[" * 5000}, "mapping"),
    ],
)
def test_an_impossible_value_is_reported_at_its_field(client, ana, wrong, field):
    signals.source("taken")

    answer = client.post(f"{LIST}new/", NEW | wrong)

    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_a_source_is_changed_and_keeps_a_period_of_its_own(client, ana):
    found = operations.change(signals.source(), {"expected_every": timedelta(hours=5)}, by=SYSTEM, at=AT)
    path = f"{LIST}{found.pk}/edit/"
    assert 'value="18000" selected' in client.get(path).content.decode()

    answer = client.post(
        path,
        {"name": "Evidently", "owner": ana.pk, "period": "18000", "mapping": "", "version": found.version},
    )

    found.refresh_from_db()
    assert answer.status_code == 303
    assert (found.name, found.owner, found.expected_every) == ("Evidently", ana, timedelta(hours=5))


def test_two_who_change_a_source_at_once_lose_nothing(client, ana):
    found = signals.source()
    operations.change(found, {"name": "Theirs", "owner": people.user("Wei")}, by=SYSTEM, at=AT)

    answer = client.post(f"{LIST}{found.pk}/edit/", {"name": "Mine", "version": 1})

    page = answer.content.decode()
    assert answer.status_code == 409
    for text in ("<pre>Mine</pre>", "<pre>Theirs</pre>", "<pre>Wei</pre>", "Name, yours", "Owner, saved"):
        assert text in page, text


def test_points_need_no_mapping(client, ana):
    found = signals.source()

    assert "mapping" not in client.get(f"{LIST}{found.pk}/edit/").context["form"].fields


def test_a_mapping_that_cannot_be_is_kept_in_the_form(client, ana):
    found = signals.source("prometheus", adapter=Adapter.ALERTMANAGER)

    answer = client.post(
        f"{LIST}{found.pk}/edit/", {"name": "E", "mapping": '{"x": 1}', "version": found.version}
    )

    assert answer.status_code == 422
    assert "&quot;x&quot;: 1" in answer.content.decode()


def test_a_member_who_does_not_own_it_does_not_change_it(client, ana):
    found = signals.source()
    client.force_login(people.user())

    assert client.get(f"{LIST}{found.pk}/edit/").status_code == 403


def test_a_viewer_adds_nothing(client, ana):
    client.force_login(people.user(role=Role.VIEWER))

    assert client.get(LIST).status_code == 200
    assert client.post(f"{LIST}new/", NEW).status_code == 403


def test_the_severities_of_a_source_are_set_and_shown(client, ana):
    found = signals.source("grafana", adapter=Adapter.GRAFANA)
    severities = "Page: critical\nnotice: ignore"
    form = {"name": "Grafana", "mapping": "", "severities": severities, "secret": "long enough"}

    answer = client.post(f"{LIST}{found.pk}/edit/", form | {"version": found.version})

    found.refresh_from_db()
    assert answer.status_code == 303
    assert found.mapping == {"severities": {"page": "critical", "notice": "ignore"}}
    page = _page(client, found)
    assert "notice: ignore" in page
    assert "info: ignore" in page
    edit = client.get(f"{LIST}{found.pk}/edit/").content.decode()
    assert "page: critical" in edit
    assert "long enough" not in edit


@pytest.mark.parametrize("adapter", [Adapter.GRAFANA, Adapter.EVIDENTLY, Adapter.MLFLOW])
def test_the_configuration_of_an_adapter_names_its_address(client, ana, settings, adapter):
    settings.BASE_URL = "https://risk.example.org"
    found = signals.source("lab", adapter=adapter)

    assert f"https://risk.example.org/api/v1/intake/{adapter}/lab" in _page(client, found)
