"""A provider that hangs holds up two threads of a web process for some seconds, and nobody else."""

import socket
import threading
import time

import pytest
import requests

from people.authentication import provider_requests
from people.authentication.provider_requests import ProviderSession


@pytest.fixture
def hanging(settings):
    """The address of a server that accepts connections and never answers."""
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 0.5
    provider_requests.forget()
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    provider_requests.forget()


def _seconds_to_refuse(address: str, error: type[Exception]) -> float:
    began = time.perf_counter()
    with ProviderSession() as session, pytest.raises(error):
        session.get(address)
    return time.perf_counter() - began


def test_a_host_that_did_not_answer_is_left_alone_for_a_while(hanging):
    assert _seconds_to_refuse(hanging, requests.Timeout) >= 0.5
    assert _seconds_to_refuse(hanging, requests.ConnectionError) < 0.3

    provider_requests.forget()
    assert _seconds_to_refuse(hanging, requests.Timeout) >= 0.5


def test_only_two_threads_wait_at_once(hanging, monkeypatch, settings):
    monkeypatch.setattr(provider_requests, "WAIT", 0.05)
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 3.0
    waiting = [
        threading.Thread(target=_seconds_to_refuse, args=(hanging, requests.Timeout)) for _ in range(2)
    ]
    for one in waiting:
        one.start()
    time.sleep(0.5)

    assert _seconds_to_refuse(hanging, requests.ConnectionError) < 1.0
    for one in waiting:
        one.join()
