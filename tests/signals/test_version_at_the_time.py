"""Breaches and series say which version of the model was in production, as deployments say."""

from datetime import timedelta

import pytest

from catalogue.models import Deployment
from catalogue.operations import deployment as deployments
from kit.actor import SYSTEM
from people.operations import token
from signals.models import BreachGroup
from tests.conftest import AT
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def breach():
    people.organisation()
    model = catalogue.model("churn")
    for name, hours, environment in (("6", 30, "production"), ("7", 5, "production"), ("8", 4, "staging")):
        catalogue.deployment(model, name, environment=environment, deployed_at=AT - hours * HOUR)
    metric = signals.series(model)
    signals.agreed(metric)
    signals.push(metric, 0.5)
    return BreachGroup.objects.get(), metric


def version_of(client, group, reader):
    _, text = token.issue(reader, name="all", scope="read", by=SYSTEM, at=AT)
    headers = {"Authorization": f"Bearer {text}"}
    return client.get(f"/api/v1/breaches/{group.reference}", headers=headers).json()["model_version"]


def test_a_breach_and_a_series_name_the_version_in_production(client, breach):
    (group, metric), sam = breach, people.user("Sam")
    client.force_login(sam)

    assert version_of(client, group, sam) == "7"
    for address in (f"/signals/breaches/{group.reference}/", f"/signals/series/{metric.pk}/"):
        page = client.get(address)
        assert page.status_code == 200
        assert ">7</a>" in page.content.decode()
    latest = Deployment.objects.get(model_version__name="7")
    deployments.settle(latest, outcome="rolled_back", note="It drifts.", by=SYSTEM, at=AT - 2 * HOUR)
    assert version_of(client, group, sam) == "6"


def test_a_breach_before_any_deployment_names_no_version(client, breach):
    group, _ = breach
    BreachGroup.objects.update(opened_at=AT - 40 * HOUR)
    assert version_of(client, group, people.user("Sam")) is None
