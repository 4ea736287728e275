"""The frame of pages: the current place, the theme, and answers with a part."""

import json
from types import SimpleNamespace

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from pages import answers
from riskhub import shell

USER = SimpleNamespace(
    is_authenticated=True, is_active=True, theme="dark", has_single_keys=False, is_at_least=lambda role: False
)


def request(method="get", path="/", data=None, **headers):
    made = getattr(RequestFactory(), method)(path, data or {}, headers=headers)
    made.user = USER
    made._messages = CookieStorage(made)
    made.htmx = HtmxDetails(made)
    return made


def test_appearance_prefers_the_cookie_to_the_persons_setting():
    asked = request()
    assert shell.appearance(asked, USER) == {"theme": "dark", "hotkeys": "off"}
    asked.COOKIES = {"theme": "light", "keys": "on"}
    assert shell.appearance(asked, USER) == {"theme": "light", "hotkeys": "on"}
    asked.COOKIES = {"theme": '"><script>'}
    assert shell.appearance(asked, USER)["theme"] == "dark"


def test_set_appearance_keeps_the_theme_and_goes_back():
    answer = shell.set_appearance(request("post", "/appearance/", {"theme": "dark", "next": "/risks/"}))
    assert (answer.status_code, answer["Location"], answer.cookies["theme"].value) == (303, "/risks/", "dark")


def test_set_appearance_never_leads_to_another_host():
    answer = shell.set_appearance(
        request("post", "/appearance/", {"theme": "dark", "next": "https://elsewhere.example/"})
    )
    assert answer["Location"] == "/"


def test_set_appearance_ignores_what_is_no_theme():
    assert not shell.set_appearance(request("post", "/appearance/", {"theme": "pink"})).cookies


def test_a_place_whose_address_is_missing_is_left_out(monkeypatch):
    gone = shell.NavigationLink("Nowhere", "x", "nowhere:list", "g z")
    monkeypatch.setattr(shell, "PLACES", (gone,))
    assert shell.places_for(USER, "/") == []


def test_the_longest_address_that_fits_is_the_current_place(monkeypatch):
    known = {"home": "/", "a": "/meetings/", "b": "/meetings/decisions/"}
    monkeypatch.setattr(shell, "address", known.get)
    monkeypatch.setattr(shell, "PLACES", tuple(shell.NavigationLink(n, "x", n, f"g {n}") for n in known))
    current = [e["place"].label for e in shell.places_for(USER, "/meetings/decisions/7") if e["current"]]
    assert current == ["b"]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/signals/series/5/", "Models"),
        ("/signals/breaches/B-1/", "Breaches"),
        ("/risks/escalations/", "Ladder"),
    ],
)
def test_pages_that_live_elsewhere_still_show_their_place(path, label):
    assert [e["place"].label for e in shell.places_for(USER, path) if e["current"]] == [label]


def test_administration_is_for_administrators():
    assert not any(e["place"].group == "administration" for e in shell.places_for(USER, "/"))


def test_hotkeys_and_addresses_are_given_once():
    keys = [place.hotkey for place in shell.PLACES]
    names = [place.url_name for place in shell.PLACES]
    assert len(set(keys)) == len(keys) and len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_is_fragment(headers, expected):
    assert answers.is_fragment(request(**headers)) is expected


def test_toast_rides_on_a_part_as_an_event():
    answer = answers.toast(request(**{"HX-Request": "true"}), HttpResponse(), "Saved", undo="/undo")
    assert json.loads(answer["HX-Trigger"]) == {"toast": {"text": "Saved", "undo": "/undo"}}


def test_toast_waits_for_the_next_page_after_a_redirect():
    for asked in (request("post"), request("post", **{"HX-Request": "true"})):
        answers.toast(asked, answers.go(asked, "/next"), "Saved")
        assert [str(m) for m in get_messages(asked)] == ["Saved"]


def test_answers_vary_by_who_asks():
    assert "HX-Request" in answers.go(request("post"), "/next")["Vary"]
