"""Signals that name a model by an alias, and names that nobody registered."""

import pytest

from catalogue.operations import alias as aliases
from history.models import Event
from kit.actor import SYSTEM
from people.states import Role
from risklog.models import Review
from risklog.operations import review_handlers
from signals.models import BreachGroup, Series
from signals.operations import claim as operations
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


def test_spellings_of_one_model_make_one_group():
    model = catalogue.model("credit-pd")
    catalogue.alias(model, "PD_Retail")

    for name in ("credit-pd", "Credit PD", "credit_pd", "pd retail"):
        signals.alerts(signals.sent_alert(model=name))

    group = BreachGroup.objects.get()
    assert (group.model, group.breaches.count()) == (model, 4)


def test_spellings_of_an_unregistered_name_make_one_group():
    for name in ("churn_score", "Churn score"):
        signals.alerts(signals.sent_alert(model=name))

    assert BreachGroup.objects.get().breaches.count() == 2


def test_open_groups_of_one_cause_become_one_when_they_are_claimed():
    model = catalogue.model("credit-pd")
    for name, feature in (("credit-pd", "age"), ("PD_Retail", "income"), ("PD_Retail", "debt")):
        signals.alerts(signals.sent_alert(feature, model=name))
    kept, other = BreachGroup.objects.order_by("pk")
    aliases.add(model, name="PD_Retail", by=SYSTEM, at=AT)

    claimed = Event.objects.get(verb="catalogue.alias_added")
    operations.on_model_registered(claimed, at=AT)
    operations.on_model_registered(claimed, at=AT)

    kept, other = BreachGroup.objects.select_related("subject").order_by("pk")
    assert (other.merged_into, other.state, other.model) == (kept, "cleared", model)
    assert (kept.state, kept.breaches.count(), other.breaches.count()) == ("open", 3, 0)
    joined = kept.subject.events.get(verb="signals.breach_joined", data__joined=2)
    assert joined.data["open"] == 3 and other.reference in joined.data["summary"]
    # The next alert and the end of an old one are about the group that is left.
    signals.alerts(signals.sent_alert("age", model="pd-retail", starts=AT))
    for name, feature in (("credit-pd", "age"), ("PD_Retail", "income"), ("PD_Retail", "debt")):
        signals.alerts(signals.sent_alert(feature, model=name, status="resolved", ends=AT))
    kept.refresh_from_db()
    assert kept.state == "open" and kept.breaches.filter(state="open").count() == 1
    signals.alerts(signals.sent_alert("age", model="pd-retail", status="resolved", ends=AT))
    kept.refresh_from_db()
    assert kept.state == "cleared" and BreachGroup.objects.count() == 2


def test_the_review_of_a_group_that_joins_another_one_is_withdrawn():
    people.organisation()
    model = catalogue.model("credit-pd")
    for name in ("credit-pd", "PD_Retail"):
        signals.alerts(signals.sent_alert(model=name))
    for opened in Event.objects.filter(verb="signals.breach_group_opened").order_by("pk"):
        review_handlers.on_breach_group_opened(opened, at=AT)
    aliases.add(model, name="PD_Retail", by=SYSTEM, at=AT)
    operations.claim(model, by=SYSTEM, at=AT)

    cleared = Event.objects.get(verb="signals.breach_group_cleared")
    review_handlers.on_breach_group_cleared(cleared, at=AT)
    review_handlers.on_breach_group_cleared(cleared, at=AT)

    kept, other = Review.objects.order_by("pk")
    assert (kept.state, other.state) == ("open", "withdrawn")
    assert "is now part of B-" in other.outcome_reason


def test_a_group_that_joined_another_one_leads_to_it(client):
    people.organisation()
    client.force_login(people.user("Sam"))
    model = catalogue.model("credit-pd")
    for name in ("credit-pd", "PD_Retail"):
        signals.alerts(signals.sent_alert(model=name))
    aliases.add(model, name="PD_Retail", by=SYSTEM, at=AT)
    operations.claim(model, by=SYSTEM, at=AT)

    kept, other = BreachGroup.objects.select_related("subject").order_by("pk")
    page = client.get(f"/signals/breaches/{other.reference}/").content.decode()
    assert f"/signals/breaches/{kept.reference}/" in page and "Now part of" in page
