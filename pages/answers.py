"""Answers that are a whole page or one named part of it, by one template.

The habit: a view loads, checks, acts, and ends with `respond(request, "room/page.html", "rows", {...})`.
Without JavaScript, or on a fresh load, the whole page goes out; htmx gets only the part.
"""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def is_fragment(request: HttpRequest) -> bool:
    """True when htmx asks for a part. A boosted or restored page is whole, although htmx asks for it."""
    sent = request.headers
    whole = sent.get("HX-Boosted") or sent.get("HX-History-Restore-Request")
    return sent.get("HX-Request") == "true" and not whole


def vary(response):
    """One address, two answers: neither the Back button nor a cache may mix them up."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def respond(request, template, partial=None, context=None, status=200) -> HttpResponse:
    """The page, or its part called `partial`. Give a form with errors `status=422`: htmx 4 swaps it in."""
    name = f"{template}#{partial}" if partial and is_fragment(request) else template
    return vary(render(request, name, context, status=status))


def trigger(response, name, detail=None):
    """Let the browser fire the event `name` when the answer arrives; several may be added one by one."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps({**events, name: detail or {}})
    return response


def toast(request, response, text, *, undo=""):
    """Say `text` once, in whatever answer reaches the person. `undo` is an address that takes a POST."""
    if is_fragment(request) and "HX-Redirect" not in response.headers:
        return trigger(response, "toast", {"text": str(text), "undo": undo})
    messages.success(request, text, extra_tags=undo)
    return response


def go(request, url) -> HttpResponse:
    """On to `url` after a post: a browser follows the 303 by itself, htmx is told to load the page anew."""
    if is_fragment(request):
        return vary(HttpResponse(headers={"HX-Redirect": url}))
    return vary(HttpResponseRedirect(url, status=303))
