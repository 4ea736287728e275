"""A sender with a token that may push signals."""

import json

import pytest

from kit import clock
from kit.actor import SYSTEM
from people.operations import token
from tests.factories import people

POINTS, ALERTS = "/api/v1/points", "/api/v1/intake/alertmanager"


@pytest.fixture
def sender(client):
    """A function that posts a body (an object, or bytes as they are) and gives the answer."""
    person = people.user("Prometheus")
    _, text = token.issue(person, name="ingest", scope="ingest", by=SYSTEM, at=clock.now())

    def post(address, body, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(
            address,
            raw,
            content_type="application/json",
            headers={"Authorization": f"Bearer {text}", **headers},
        )

    post.person = person
    post.token = text
    return post
