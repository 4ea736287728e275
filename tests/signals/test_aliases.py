"""Signals that name a model by an alias, and names that nobody registered."""

import pytest

from catalogue.operations import alias as aliases
from history.models import Event
from kit.actor import SYSTEM
from people.states import Role
from signals.models import BreachGroup, Series
from signals.operations import series as operations
from tests.conftest import AT
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db


def test_an_alert_and_points_that_name_an_alias_find_the_model():
    model = catalogue.model("credit-pd")
    catalogue.alias(model, "信用モデル")

    signals.alerts(signals.sent_alert(model="信用モデル"))
    signals.series("信用モデル", "auc")

    assert set(Series.objects.values_list("model", flat=True)) == {model.pk}
    assert BreachGroup.objects.get().model == model


def test_an_alias_claims_what_came_under_its_name_before():
    model = catalogue.model("credit-pd")
    signals.alerts(signals.sent_alert(model="PD_Retail"))
    aliases.add(model, name="pd retail", by=SYSTEM, at=AT)

    operations.on_model_registered(Event.objects.get(verb="catalogue.alias_added"), at=AT)

    group = BreachGroup.objects.select_related("subject").get()
    assert (group.model, Series.objects.get().model) == (model, model)
    assert "not registered" not in group.subject.title


def test_a_name_that_nobody_registered_is_claimed_with_one_click(client):
    people.organisation()
    client.force_login(people.user("Mia", role=Role.RISK_MANAGER))
    model = catalogue.model("credit-pd", name="Credit PD")
    signals.series("credit_pd_v2")

    page = client.get("/models/").content.decode()
    assert "credit_pd_v2 is an alias of Credit PD" in page
    once = page.split("credit_pd_v2 is an alias")[0].rsplit('name="once" value="', 1)[1].split('"')[0]
    sent = {"name": "credit_pd_v2", "model": model.pk, "once": once}
    assert client.post("/models/aliases/new/", sent)["Location"] == "/models/credit-pd/aliases/"
    operations.on_model_registered(Event.objects.get(verb="catalogue.alias_added"), at=AT)
    assert "credit_pd_v2 is an alias" not in client.get("/models/").content.decode()


def test_only_those_who_may_change_a_model_are_offered_it(client):
    people.organisation()
    client.force_login(people.user("Sam"))
    catalogue.model("credit-pd", name="Credit PD", owner_team=people.team("Lending"))
    signals.series("credit_pd_v2")

    assert "credit_pd_v2 is an alias" not in client.get("/models/").content.decode()
