"""A real MLflow: what its registry has is imported, twice, and its webhooks are understood."""

import pytest
from django.db.models.functions import Now

from catalogue.models import Model, RegistryReading, Version
from catalogue.operations import registry as registries
from catalogue.operations import registry_reading
from history.models import Event
from kit.actor import SYSTEM
from outgoing.networks import networks
from people.states import Role
from tests.conftest import AT
from tests.factories import people
from tests.services import mlflow_server

pytestmark = pytest.mark.django_db
NAME = "Diabète – progression"  # noqa: RUF001


@pytest.fixture(scope="module")
def mlflow():
    with mlflow_server.running() as server:
        yield server


@pytest.fixture
def manager(settings):
    settings.OUTGOING_ALLOW = networks(["127.0.0.1"])
    people.organisation()
    return people.user("Mia", role=Role.RISK_MANAGER)


def read():
    RegistryReading.objects.update(next_at=Now())
    registry_reading.read_due(at=AT)
    return RegistryReading.objects.get()


def test_a_real_registry_is_imported_twice_without_duplicates(mlflow, manager, monkeypatch):
    monkeypatch.setattr(registry_reading, "PAGE_OF_MODELS", 2)
    monkeypatch.setattr(registry_reading, "PAGE_OF_VERSIONS", 2)
    for name in ("churn", "triage", NAME):
        mlflow.call("POST", "registered-models/create", name=name, description=f"{name} of the clinic")
    run = mlflow.run({"depth": "6"}, {"mlflow.source.git.commit": "abc", "mlflow.source.name": "train.py"})
    mlflow.version("churn", run_id=run)
    second = mlflow.version("churn", tags=[{"key": "riskhub.parent", "value": "1"}])
    mlflow.version(NAME)
    mlflow.call("POST", "registered-models/alias", name="churn", alias="champion", version=second)
    registries.add(name="MLflow", url=mlflow.url, owner=manager, by=SYSTEM, at=AT)

    reading = read()
    assert (reading.error, reading.problems) == ("", [])
    assert set(Model.objects.values_list("name", flat=True)) == {"churn", "triage", NAME}
    one, two = Version.objects.filter(model__slug="churn").order_by("name")
    assert (one.code, one.configuration, one.stage) == ("train.py abc", {"depth": "6"}, "candidate")
    assert (two.parent, two.stage, two.aliases) == (one, "production", ["champion"])

    events = Event.objects.count()
    assert read().error == ""
    assert Event.objects.count() == events
    mlflow.call("POST", "registered-models/alias", name="churn", alias="champion", version="1")
    mlflow.call("DELETE", "model-versions/delete", name="churn", version="2")
    read()
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.stage, two.stage, two.aliases) == ("production", "archived", [])
    assert Version.objects.count() == 3
