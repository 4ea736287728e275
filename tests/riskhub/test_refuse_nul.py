"""Every page refuses a NUL character, which PostgreSQL cannot store."""

import pytest

from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/actions/%00/", 404),
        ("/learnings/?q=%00", 400),
        ("/actions/?%00=1", 400),
        ("/api/v1/actions/%00", 404),
    ],
)
def test_a_nul_in_the_address_is_refused(client, path, status):
    client.force_login(people.user())

    assert client.get(path).status_code == status


def test_a_nul_in_a_form_is_refused(client):
    client.force_login(people.user())

    assert client.post("/learnings/preview/", {"seen": "a\x00b"}).status_code == 400
