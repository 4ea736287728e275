"""NUL, which PostgreSQL cannot store, is removed from what people send, and refused in addresses."""

import pytest

from actions.models import Action
from learnings.models import Learning
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/actions/%00/", "/api/v1/actions/%00"])
def test_a_nul_in_the_path_is_not_found(client, path):
    client.force_login(people.user())

    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/learnings/?q=%00",
        "/risks/?q=a%00b",
        "/search/?q=dri%00ft",
        "/actions/?state=open%00",
        "/risks/new/?title=a%00b&model=%00",
        "/actions/new/?about=%00",
    ],
)
def test_a_nul_in_a_parameter_is_removed(client, path):
    client.force_login(people.user())

    assert client.get(path).status_code == 200


def test_control_characters_in_a_search_are_removed(client):
    client.force_login(people.user())

    page = client.get("/search/?q=dr%01i%00ft").content.decode()

    assert 'value="drift"' in page


def test_a_parameter_that_is_only_a_nul_is_unknown(client):
    client.force_login(people.user())

    answer = client.get("/actions/?%00=1")

    assert answer.status_code == 400
    assert "No such parameter" in answer.content.decode()


def test_a_nul_in_a_form_is_removed(client):
    ana = people.user()
    client.force_login(ana)

    first = client.post(
        "/actions/new/", {"title": "Check\x00 it", "type": "mitigation", "owner": ana.pk, "about": "\x00"}
    )
    second = client.post("/actions/new/", {"title": "\x00", "owner": ana.pk})

    assert first.status_code == 303
    assert Action.objects.get().title == "Check it"
    assert second.status_code == 422
    assert second.context["form"].errors["title"]
    assert client.post("/learnings/preview/", {"seen": "a\x00b"}).status_code == 200
    assert not Learning.objects.exists()


def test_a_password_with_a_nul_is_refused_by_its_field(client):
    answer = client.post("/people/sign-in/", {"login": "ana@example.com", "password": "a\x00b"})

    assert answer.status_code in (200, 422)
    assert answer.context["form"].errors["password"]
