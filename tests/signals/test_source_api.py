"""Sources by the API: added with a secret, given an owner."""

import pytest

from history.models import Event
from kit import sealed
from signals.models import Source
from tests.factories import people
from tests.signals.test_deliveries import api, manager  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db
NEW = {"name": "Grafana EU", "adapter": "grafana", "expected_every": "01:00:00", "secret": "a long secret"}


def test_a_source_is_added_with_its_secret_and_owner(api):  # noqa: F811
    owner = people.user("Ana")

    answer = api("POST", "sources", NEW | {"owner": owner.email})

    source = Source.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/v1/sources/grafana-eu")
    assert (answer.json()["slug"], source.owner) == ("grafana-eu", owner)
    assert sealed.unseal(source.secret) == "a long secret"
    assert "secret" not in answer.content.decode()


def test_a_source_that_is_signed_belongs_to_who_adds_it_unless_an_owner_is_named(api):  # noqa: F811
    api("POST", "sources", NEW)

    source = Source.objects.get()
    assert source.owner is not None
    assert source.owner.subject_id == Event.objects.get(verb="signals.source_added").actor_id


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"adapter": "x"}, "adapter"),
        ({"adapter": "points"}, "secret"),
        ({"secret": "short"}, "secret"),
        ({"owner": "nobody@example.org"}, "owner"),
        ({"mapping": {"odd": 1}}, "mapping"),
    ],
)
def test_a_wrong_field_is_named(api, wrong, field):  # noqa: F811
    answer = api("POST", "sources", NEW | wrong)

    assert answer.status_code in (400, 422)
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert not Source.objects.exists()
