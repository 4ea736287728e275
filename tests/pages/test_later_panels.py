"""The panels that a second request loads after the page of their object."""

import pytest
from django.urls import reverse

from kit.actor import SYSTEM
from pages.panels import Panel
from risklog.operations import risk as risk_operations
from tests.conftest import AT
from tests.factories import learnings, people, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    user = people.user("Ana")
    client.force_login(user)
    return user


def test_the_page_asks_for_them_and_has_a_link_without_javascript(client, ana):
    risk = risks.risk("Late labels")
    learnings.published("Ask for labels daily", category=risk.category)
    address = reverse("later_panels", args=[risk.subject_id])

    page = client.get(f"/risks/{risk.reference}/").content.decode()
    whole = client.get(address).content.decode()
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()

    assert f'hx-get="{address}"' in page and f'<a href="{address}">' in page
    assert "Ask for labels daily" not in page
    assert "Ask for labels daily" in whole and f'href="/risks/{risk.reference}/"' in whole
    assert "<!doctype html>" in whole and "<!doctype html>" not in part
    assert "Ask for labels daily" in part


def test_they_are_hidden_with_their_object(client, ana):
    risk = risks.risk("Canary")
    address = reverse("later_panels", args=[risk.subject_id])
    assert client.get(address).status_code == 200
    risk_operations.restrict(risk, teams=[people.team()], by=SYSTEM, at=AT)

    answers = [client.get(path) for path in (address, reverse("later_panels", args=[2**70]))]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert "Canary" not in answers[0].content.decode()


def test_an_object_without_them_has_an_empty_answer(client, ana):
    team = people.team("Lending")

    answer = client.get(reverse("later_panels", args=[team.subject_id]), headers={"HX-Request": "true"})

    assert answer.status_code == 200 and "<section" not in answer.content.decode()
    assert "/panels/" not in client.get(f"/people/teams/{team.slug}/").content.decode()


def test_only_panels_in_the_main_slot_can_be_later():
    with pytest.raises(ValueError, match="not in main"):
        Panel("risklog.risk", "rail", "a.html", lambda user, obj: None, "people.signed_in", is_later=True)
