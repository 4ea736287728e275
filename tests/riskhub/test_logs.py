"""The log: the ids of requests, and one JSON object a record."""

import io
import json
import logging
import os
import re
import subprocess
import sys

import pytest
from django_guid import clear_guid, get_guid, set_guid

from riskhub import logs
from tests.factories import people

GIVEN = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def written():
    """Log as JSON, at INFO, for this test. Returns a function that returns what was written, as dicts."""
    root = logging.getLogger()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    handler.addFilter(_request_id)
    log, before = logging.getLogger("riskhub.request"), logging.getLogger("riskhub.request").level
    log.setLevel(logging.INFO)
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    log.setLevel(before)


def _request_id(record):
    record.request_id = get_guid()
    return True


@pytest.mark.django_db
def test_a_request_is_one_object_with_its_route_and_person_and_no_address(client, written):
    people.organisation()
    ana = people.user("Ana")
    client.force_login(ana)

    client.get("/people/me/?word=hush", headers={"X-Request-ID": GIVEN})

    (line,) = [line for line in written() if line["logger"] == "riskhub.request"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*", line.pop("time"))
    took = line.pop("ms")
    assert took > 0
    assert line == {
        "level": "INFO",
        "logger": "riskhub.request",
        "message": f"GET /people/me/ 200 in {took} ms",
        "request_id": GIVEN,
        "method": "GET",
        "route": "/people/me/",
        "status": 200,
        "person_id": ana.pk,
    }


@pytest.mark.django_db
def test_a_secret_in_an_address_is_not_logged(client, written):
    people.organisation()

    client.get("/meetings/calendar/hush-hush.ics")
    client.get("/meetings/nothing/hush-hush/here/?word=hush-hush")
    client.post("/people/set-up/hush-hush/", {"password": "short"})

    lines = written()
    assert [line["route"] for line in lines if line["logger"] == "riskhub.request"] == [
        "/meetings/calendar/<str:secret>.ics",
        "/meetings/…",
        "/people/set-up/<str:secret>/",
    ]
    assert "Not Found: /meetings/calendar/<str:secret>.ics" in [line["message"] for line in lines]
    assert "Not Found: /meetings/…" in [line["message"] for line in lines]
    assert "hush" not in str(lines)


@pytest.mark.django_db
def test_an_answer_has_the_id_of_its_request(client):
    people.organisation()

    assert client.get("/livez", headers={"X-Request-ID": GIVEN})["X-Request-ID"] == GIVEN
    made = client.get("/livez")["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert client.get("/livez", headers={"X-Request-ID": "<b>not an id</b>"})["X-Request-ID"] != made


def test_a_fault_has_its_traceback_and_the_request_is_left_out():
    try:
        raise LookupError("lost")
    except LookupError:
        record = logging.LogRecord("django", logging.ERROR, __file__, 1, "It failed", (), sys.exc_info())
    record.request, record.status_code, record.request_id = object(), 500, GIVEN

    line = json.loads(logs.JsonFormatter().format(record))

    assert line["request_id"] == GIVEN
    assert "LookupError: lost" in line["traceback"]
    assert "request" not in line


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("RISKHUB_LOG_FORM", "xml", "RISKHUB_LOG_FORM: “xml” is unknown. Use line or json."),
        ("RISKHUB_LOG", "LOUD", "RISKHUB_LOG: “LOUD” is unknown. Use DEBUG, INFO, WARNING or ERROR."),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(name, value, fix):
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={**os.environ, name: value},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr.strip()) == (1, fix)


def test_a_task_gets_the_id_of_the_request_that_started_it():
    """The header with which a task is sent, and what the task finds in it."""
    from celery.signals import before_task_publish, task_postrun, task_prerun

    from riskhub import schedule

    set_guid(GIVEN)
    headers = {}
    before_task_publish.send(sender="riskhub.hand_on", headers=headers)
    clear_guid()
    task = schedule.hand_on
    task.push_request(**headers)
    try:
        task_prerun.send(sender=task, task=task)
        assert get_guid() == GIVEN
    finally:
        task_postrun.send(sender=task, task=task)
        task.pop_request()
    assert get_guid() is None
