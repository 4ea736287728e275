"""A sender with a token that may push signals."""

import json
from datetime import timedelta

import pytest

from kit.actor import SYSTEM
from people.operations import token
from tests.conftest import AT
from tests.factories import people

# The moment at which bodies arrive, shortly after AT.
NOW = AT + timedelta(hours=5)
POINTS, ALERTS = "/api/v1/points", "/api/v1/intake/alertmanager"


@pytest.fixture
def arriving(move_clock):
    """Requests arrive at NOW."""
    move_clock(NOW)


@pytest.fixture
def sender(client, arriving):
    """Return a function that posts a body (an object or bytes) and returns the answer."""
    person = people.user("Prometheus")
    _, text = token.issue(person, name="ingest", scope="ingest", by=SYSTEM, at=AT)

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
