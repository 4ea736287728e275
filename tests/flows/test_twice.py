"""Every form that creates something creates one object if it is sent twice at once."""

import inspect
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from threading import Barrier, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client, TransactionTestCase
from django.urls import get_resolver, resolve

from actions.models import Action
from tests.flows.creating_forms import CASES, Case, House, build
from tests.house.addresses import named_patterns


@dataclass
class Form:
    action: str
    values: dict[str, Any] = field(default_factory=dict)


class Forms(HTMLParser):
    """Return the forms of a page with the values that a browser would send."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._area = self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        said = dict(attrs)
        if tag == "form" and said.get("method") == "post":
            self.found.append(Form(said.get("action") or ""))
        elif tag == "form":
            self.found.append(Form("get"))
        if not self.found:
            return
        values, name = self.found[-1].values, said.get("name", "")
        if tag == "input" and name and (said.get("type") not in ("checkbox", "radio") or "checked" in said):
            values[name] = said.get("value", "")
        elif tag == "textarea":
            self._area, values[name] = name, ""
        elif tag == "select":
            self._select = name if "multiple" not in said else ""
        elif tag == "option" and self._select and (self._select not in values or "selected" in said):
            values[self._select] = said.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[-1].values[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""


@pytest.fixture(scope="module")
def house(django_db_setup, django_db_blocker):
    """One register for all forms. Each form adds to it."""
    with django_db_blocker.unblock():
        yield build()
        TransactionTestCase._fixture_teardown(None)


# Forms that replace what a person has: the number of objects stays the same.
# tests/people/test_second_factors.py sends it twice.
_REPLACING = {"people:codes_make"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_form_sent_twice_at_once_creates_one_object(house, case, monkeypatch):
    page = case.page(house)
    form = _drawn(house, page, case)
    body = {**form.values, **case.fill(house)}
    rows = case.makes if hasattr(case.makes, "count") else case.makes.objects
    before = rows.count()

    answers = _at_once(house.client, form.action or page, body)

    assert rows.count() == before + 1, [_told(one) for one in answers]
    assert all(one.status_code < 500 for one in answers)
    assert any(one.status_code in (200, 303) for one in answers), [_told(one) for one in answers]


def test_every_form_that_creates_something_is_among_them(house):
    paths = [urlsplit(case.action(house) or case.page(house)).path for case in CASES]
    sent = {resolve(path).func for path in paths}
    views = {pattern.callback: name for name, pattern in named_patterns(get_resolver().url_patterns)}

    missing = {name for view, name in views.items() if view not in sent and _creates(inspect.unwrap(view))}

    assert missing == _REPLACING


def _creates(view: Any) -> bool:
    """Return True if a view, or a function of its module that it calls, creates something once for a form."""
    if not inspect.isfunction(view):
        return False
    calls = set(re.findall(r"\b([\w.]+)\(", inspect.getsource(view))) - {view.__name__}
    if calls & {"flows.create", "once"}:
        return True
    own = [view.__globals__.get(name) for name in calls]
    return any(_creates(one) for one in own if getattr(one, "__module__", "") == view.__module__)


def test_a_form_sent_again_later_redirects_to_the_created_object(house):
    case = next(one for one in CASES if one.name == "action")
    form = _drawn(house, case.page(house), case)
    body = {**form.values, **case.fill(house)}

    first = house.client.post(form.action or case.page(house), body)
    again = house.client.post(form.action or case.page(house), body)
    other = house.client.post(form.action or case.page(house), {**body, "title": "Write another up"})

    assert first.headers["Location"] == again.headers["Location"] != other.headers["Location"]


def test_a_form_that_the_browser_loaded_again_and_that_kept_its_key_leads_to_the_created_object(house):
    case = next(one for one in CASES if one.name == "action")
    first, again = (_drawn(house, case.page(house), case).values for _ in range(2))
    sent = [{**copy, **case.fill(house), "once": first["once"]} for copy in (first, again)]
    assert first["csrfmiddlewaretoken"] != again["csrfmiddlewaretoken"]

    answers = [house.client.post(case.page(house), body) for body in sent]

    assert answers[0].headers["Location"] == answers[1].headers["Location"]


def test_without_its_key_a_form_sent_twice_makes_two(house):
    """The tests above would detect it."""
    case = next(one for one in CASES if one.name == "action")
    body = {**_drawn(house, case.page(house), case).values, **case.fill(house)}
    before = Action.objects.count()

    _at_once(house.client, case.page(house), {name: said for name, said in body.items() if name != "once"})

    assert Action.objects.count() == before + 2


def _drawn(house: House, page: str, case: Case) -> Form:
    answer = house.client.post(page) if case.is_refused_first else house.client.get(page)
    assert answer.status_code == (422 if case.is_refused_first else 200)
    wanted = case.action(house) or urlsplit(page).path
    found = [
        form
        for form in Forms(answer.content.decode()).found
        if urlsplit(form.action or page).path == wanted and (not case.holds or case.holds in form.values)
    ]
    assert found, f"{page} draws no form that posts to {wanted}"
    return found[0]


def _at_once(client: Client, url: str, body: dict[str, Any]) -> list[Any]:
    gate, answers = Barrier(2), []

    def press(body: dict[str, Any]) -> None:
        twin = Client()
        twin.cookies = client.cookies
        try:
            gate.wait(10)
            answers.append(twin.post(url, body))
        finally:
            connections.close_all()

    presses = [Thread(target=press, args=[_copy(body)]) for _ in range(2)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(30)
    assert len(answers) == 2
    return answers


def _copy(body: dict[str, Any]) -> dict[str, Any]:
    """Return the input with its own copy of each file, because a file is read once."""
    files = {name: value for name, value in body.items() if isinstance(value, SimpleUploadedFile)}
    for name, file in files.items():
        file.seek(0)
        files[name] = SimpleUploadedFile(file.name, file.read())
    return {**body, **files}


def _told(answer: Any) -> tuple[int, str, Any]:
    context = answer.context or {}
    form = context.get("form") if hasattr(context, "get") else None
    return answer.status_code, answer.headers.get("Location", ""), getattr(form, "errors", "")
