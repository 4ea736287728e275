"""Notifying workers with a real broker connection: a stopped or hung broker does not block a write."""

import socket
import time

import pytest
from kombu.exceptions import OperationalError

from riskhub.celery import app


@pytest.mark.parametrize("is_hung", [False, True], ids=["down", "hung"])
def test_each_notification_to_a_broker_that_does_not_answer_is_short(is_hung):
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts connections, but does not answer
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        if not is_hung:
            server.close()
        for _ in range(2):  # the second try opens a new connection
            began = time.monotonic()
            with app.connection_for_write(url) as connection, pytest.raises(OperationalError):
                connection.default_channel  # noqa: B018
            assert time.monotonic() - began < 1.9
