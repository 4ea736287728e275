"""Sources and the results of their deliveries."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from history.models import Event
from kit import sealed
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from riskhub.retention import deleting
from signals.models import Alert, Delivery, Point, Source
from signals.operations import points, source
from signals.states import Adapter
from tests.factories import people, signals
from tests.signals.conftest import ALERTS, NOW, POINTS

pytestmark = pytest.mark.django_db


def test_the_first_body_of_a_name_makes_the_source_and_its_sender_owns_it(at):
    ana = people.user("Ana")

    first = source.named("prod", adapter="alertmanager", by=Actor(ana, "api"), at=at)
    again = source.named("prod", adapter="alertmanager", by=SYSTEM, at=at)

    assert (first, first.owner, first.adapter) == (again, ana, "alertmanager")
    assert Event.objects.filter(verb="signals.source_added").count() == 1


@pytest.mark.parametrize("slug", ["prod", "points"])
def test_a_source_of_another_adapter_is_refused(at, slug):
    source.named("prod", adapter="points", by=SYSTEM, at=at)

    with pytest.raises(Refused) as refusal:
        source.named(slug, adapter="alertmanager", by=SYSTEM, at=at)

    assert refusal.value.field == "source"
    assert "Points by REST" in refusal.value.message
    with pytest.raises(Refused):
        source.add(name="Alerts", slug="points", adapter="alertmanager", by=SYSTEM, at=at)


def test_who_names_no_source_means_their_own(at):
    ana = people.user("Ana")
    own = source.named("lab", adapter="points", by=Actor(ana, "api"), at=at)

    assert source.named("", adapter="points", by=Actor(ana, "api"), at=at) == own
    assert source.named("", adapter="points", by=SYSTEM, at=at).slug == "points"
    assert source.named("", adapter="alertmanager", by=Actor(ana, "api"), at=at).slug == "alertmanager"


def test_a_mapping_that_cannot_be_is_refused(at):
    found = signals.source()

    for wrong in ([], {"odd": []}, {"model": "x"}, {"kinds": []}, {"model": [1]}, {"kinds": {"x": "drifty"}}):
        with pytest.raises(Refused) as refusal:
            source.change(found, {"mapping": wrong}, by=SYSTEM, at=at)
        assert refusal.value.field == "mapping"
    source.change(found, {"mapping": {"model": ["svc"], "kinds": {"x": "drift"}}}, by=SYSTEM, at=at)


@pytest.mark.parametrize("every", [timedelta(0), timedelta(seconds=-1), timedelta(days=999_999)])
def test_a_source_sends_more_often_than_never(at, every):
    with pytest.raises(Refused) as refusal:
        source.change(signals.source(), {"expected_every": every}, by=SYSTEM, at=at)

    assert refusal.value.field == "expected_every"
    source.change(signals.source(), {"expected_every": timedelta(hours=1)}, by=SYSTEM, at=at)
    source.change(signals.source(), {"expected_every": None}, by=SYSTEM, at=at)


def test_old_deliveries_are_forgotten(at):
    found = signals.source()
    source.note_delivery(found, at=at - timedelta(days=31), status=202)
    source.note_delivery(found, at=at, status=422, problem="no\x00", body=b"\x00" + b"x" * 100_000)

    assert deleting.run(at)["source_deliveries"] == 1
    kept = Delivery.objects.get()
    assert (kept.problem, len(kept.body), set(kept.body)) == ("no", 64 * 1024 - 1, {"x"})


def test_a_source_shows_when_it_last_sent_data(sender):
    sender(POINTS, {"source": "nightly", "points": []})

    assert Source.objects.get().last_received_at == NOW


def test_a_database_that_fails_is_503_and_asks_to_come_again(sender, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("terminating connection due to administrator command")

    monkeypatch.setattr(points, "store", fail)
    answer = sender(POINTS, {"points": [{"model": "m", "metric": "x", "ts": 1763632800, "value": 1}]})

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert not Point.objects.exists()


def test_the_same_idempotency_key_is_answered_as_before(sender):
    body = {"points": [{"model": "m", "metric": "x", "ts": 1763632800, "value": 1}]}

    first = sender(POINTS, body, **{"Idempotency-Key": "k1"})
    again = sender(POINTS, body, **{"Idempotency-Key": "k1"})
    other = sender(POINTS, {"points": []}, **{"Idempotency-Key": "k1"})

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.json()["stored"] == 1
    assert other.status_code == 422
    assert Delivery.objects.count() == 1


def test_alerts_of_two_sources_are_kept_apart(sender):
    for slug in ("a", "b"):
        assert sender(f"{ALERTS}/{slug}", {"alerts": [signals.sent_alert()]}).json()["stored"] == 1

    assert Alert.objects.count() == 2


def test_a_source_may_be_named_in_any_script():
    found = [source.named("Команда", adapter=Adapter.POINTS, by=SYSTEM, at=NOW) for _ in range(2)]
    other = source.named("Команда!", adapter=Adapter.POINTS, by=SYSTEM, at=NOW)

    assert (found[0].name, found[0].slug) == ("Команда", "komanda")
    assert found[0] == found[1]
    assert other.slug == "komanda-2"


@pytest.mark.parametrize(
    ("name", "slug"), [("Öl & Gas", "ol-gas"), ("风险", "fengxian"), ("Points", "points-2")]
)
def test_a_source_without_a_slug_gets_one_from_its_name(name, slug):
    assert source.add(name=name, slug="", adapter=Adapter.POINTS, by=SYSTEM, at=NOW).slug == slug


def test_a_job_that_is_called_like_a_tool_keeps_its_name(at):
    job = source.named("evidently", adapter=Adapter.POINTS, by=SYSTEM, at=at)

    tool = source.default(Adapter.EVIDENTLY, by=SYSTEM, at=at)

    assert (job.slug, tool.slug) == ("evidently", "evidently-intake")
    assert source.default(Adapter.EVIDENTLY, by=SYSTEM, at=at) == tool


def test_only_a_source_whose_tool_signs_has_a_secret_and_history_does_not(at):
    tool = source.named("dashboards", adapter=Adapter.GRAFANA, by=SYSTEM, at=at)

    changed = source.change(tool, {"secret": "a long secret", "name": "Dashboards"}, by=SYSTEM, at=at)

    assert sealed.unseal(changed.secret) == "a long secret"
    assert "secret" not in str(list(Event.objects.values_list("data", flat=True)))
    with pytest.raises(Refused, match="8 to 200"):
        source.change(changed, {"secret": "short"}, by=SYSTEM, at=at)
    job = source.named("job", adapter=Adapter.POINTS, by=SYSTEM, at=at)
    with pytest.raises(Refused, match="signs no bodies"):
        source.change(job, {"secret": "a long secret"}, by=SYSTEM, at=at)


@pytest.mark.parametrize("severities", [[], {"info": "later"}, {"info": 1}, "info"])
def test_a_severity_maps_to_ignore_or_a_level(at, severities):
    tool = source.named("prod", adapter=Adapter.ALERTMANAGER, by=SYSTEM, at=at)

    with pytest.raises(Refused, match="ignore, warning, critical"):
        source.change(tool, {"mapping": {"severities": severities}}, by=SYSTEM, at=at)
