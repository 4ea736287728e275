"""Error pages name their cause."""

import pytest
from django.test import Client

from tests.factories import people

pytestmark = pytest.mark.django_db


def test_a_form_without_a_valid_token_is_called_expired():
    people.organisation()
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.user("Ana"))

    answer = client.post("/actions/new/", {"title": "x"})

    assert answer.status_code == 403
    page = answer.content.decode()
    assert "This form has expired" in page
    assert "You do not have permission" not in page


def test_the_address_of_a_form_explains_itself_to_a_browser_that_opens_it(client):
    people.organisation()
    client.force_login(people.user("Ana"))

    answer = client.get("/people/sign-out/")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address only accepts a form" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "headers"), [("/people/", {}), ("/people/", {"HX-Request": "true"}), ("/api/v1/people", {})]
)
def test_a_fault_names_the_number_of_the_request(client, monkeypatch, path, headers):
    people.organisation()
    client.force_login(people.user("Ana"))
    client.raise_request_exception = False
    monkeypatch.setattr("lists.specification.ListSpec.read", lambda *args: 1 / 0)

    answer = client.get(path, headers={"X-Request-ID": "0af7651916cd43dd8448eb211c80319c", **headers})

    assert answer.status_code == 500
    assert "0af7651916cd43dd8448eb211c80319c" in answer.content.decode()
