"""Pages with charts answer 200 for every number that points, alerts and thresholds may have."""

import pytest

from kit.actor import SYSTEM
from people.states import Role
from risklog.operations import review
from signals.models import BreachGroup, Series
from tests.factories import catalogue, people, risks, signals
from tests.signals.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("arriving")]
HARD = [
    (0.3, 0.30000000000000004),
    (3.1e-16, 8.4e-15),
    (0.0, 5e-324),
    (1e308, -1e308, 1.7e308, 1.7e308),
    (-1e200, -1e200),
    (7.0, 7.0),
]


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def check(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    assert b"cannot be drawn" not in answer.content
    return answer.content.decode()


@pytest.mark.parametrize("values", HARD, ids=str)
def test_the_pages_of_a_series_its_model_and_its_risk_draw_any_points(client, ana, values):
    model = catalogue.model("fraud-score")
    series = signals.series(model, values=values)
    signals.agreed(series, warning=max(values), clear=max(values))
    risk = risks.risk("Drift", model=model, series=series)

    assert 'class="chart"' in check(client, f"/signals/series/{series.pk}/")
    assert 'class="spark' in check(client, "/models/")
    assert 'class="chart"' in check(client, f"/risks/{risk.reference}/")
    check(client, f"/models/{model.slug}/")


@pytest.mark.parametrize(
    "value", ["1.7e308", "-1.7e308", "5e-324", "1e400", "NaN", "-inf", "0x1", "3.2%", ""]
)
def test_the_pages_of_an_alert_and_its_review_take_any_value(client, ana, value):
    annotations = signals.sent_alert()["annotations"] | {"value": value, "threshold": value}
    signals.alerts(signals.sent_alert("age") | {"annotations": annotations})
    group = BreachGroup.objects.get()
    opened = review.open_for(
        about=group.subject, title="Drift", kind="drift", why="A breach.", by=SYSTEM, at=NOW
    )

    check(client, f"/signals/breaches/{group.reference}/")
    check(client, f"/risks/reviews/{opened.reference}/")
    for series in Series.objects.all():
        check(client, f"/signals/series/{series.pk}/")
