"""Answers that are rendered once for all readers to whom they are the same."""

from itertools import count
from threading import Barrier, Thread

from django.core.cache import cache
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.test import RequestFactory

from pages.shared import shared

_keys = count(1)


def request():
    return RequestFactory().get("/")


def answer(key, render, *, own="", is_current=True, to=None):
    return shared(to or request(), [key], render, own={"own": own}, is_current=lambda: is_current)


def test_threads_that_come_together_render_once():
    key, together, rendered, texts = next(_keys), Barrier(4), [], []

    def render(extra):
        rendered.append(extra)
        return HttpResponse(f"for {extra['own']}")

    def run(name):
        together.wait()
        texts.append(answer(key, render, own=name).content.decode())

    threads = [Thread(target=run, args=[name]) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(rendered) == 1
    assert sorted(texts) == ["for a", "for b", "for c", "for d"]


def test_status_headers_and_each_key_are_kept_apart():
    first, second = next(_keys), next(_keys)
    answer(first, lambda extra: HttpResponse("one", status=204, headers={"HX-Trigger": "moved"}))

    again = answer(first, lambda extra: HttpResponse("rendered again"))
    other = answer(second, lambda extra: HttpResponse("other"))

    assert (again.status_code, again.headers["HX-Trigger"], again.content) == (204, "moved", b"one")
    assert other.content == b"other"


def test_an_answer_that_is_out_of_date_is_not_kept():
    key = next(_keys)

    assert answer(key, lambda extra: HttpResponse("old"), is_current=False).content == b"old"
    assert answer(key, lambda extra: HttpResponse("new")).content == b"new"


def test_each_reader_gets_their_own_token():
    key = next(_keys)
    first, second = request(), request()

    def render(extra):
        return HttpResponse(extra["csrf_token"])

    texts = [answer(key, render, to=one).content.decode() for one in (first, second)]

    secrets = [one.META["CSRF_COOKIE"] for one in (first, second)]
    assert secrets[0] != secrets[1]
    assert all(len(text) == len(get_token(first)) for text in texts)
    assert texts[0] != texts[1]


def test_a_text_of_a_person_is_never_taken_for_a_mark():
    """The mark of the token is not known, so no note can be turned into the token of its reader."""
    key = next(_keys)
    note = "csrf_token-0000 csrf_token"

    assert answer(key, lambda extra: HttpResponse(note)).content.decode() == note
    cache.clear()
