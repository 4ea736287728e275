"""The progress of running work in the cache of all processes, also while that is not there."""

import socket
import time
import uuid

import pytest
from django.core.cache import caches

from kit import progress, shared_cache


@pytest.fixture(autouse=True)
def without_break():
    shared_cache._state["quiet_until"] = 0.0
    yield
    shared_cache._state["quiet_until"] = 0.0


def test_what_one_process_notes_every_process_reads():
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    progress.note(one, 250)
    progress.note(one, 500)

    assert progress.of_each([one, other]) == {one: 500}
    assert progress.of_each([]) == {}


def test_a_foreign_value_is_not_a_progress():
    key = str(uuid.uuid4())
    caches["shared"].set(f"progress:{key}", {"done": 1})

    assert progress.of_each([key]) == {}


@pytest.mark.parametrize("is_hung", [False, True], ids=["down", "hung"])
def test_a_cache_that_does_not_answer_is_asked_once_and_hides_only_the_progress(settings, is_hung):
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts connections, but does not answer
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        if not is_hung:
            server.close()
        settings.CACHES = settings.CACHES | {"shared": settings.CACHES["shared"] | {"LOCATION": url}}
        began = time.monotonic()
        for number in range(20):
            progress.note("key", number)
            assert progress.of_each(["key"]) == {}
        assert time.monotonic() - began < 3.5
