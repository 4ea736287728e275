"""Answers that are a whole page or one named part of it, by one template.

The habit: a view loads, checks, acts, and ends with `respond(request, "room/page.html", "rows", {...})`. Without
JavaScript, or on a fresh load, the whole page goes out; htmx gets only the part. Both come from the same lines.
"""

import json

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def is_fragment(request):
    """True when htmx asks for a part. A boosted or restored page is a whole page, although htmx asks for it."""
    headers = request.headers
    whole = headers.get("HX-Boosted") or headers.get("HX-History-Restore-Request")
    return headers.get("HX-Request") == "true" and not whole


def respond(request, template, partial=None, context=None, *, status=200):
    """The page, or its part called `partial`. Pass `status=422` with a form that has errors: htmx 4 swaps it in."""
    name = f"{template}#{partial}" if partial and is_fragment(request) else template
    return vary(render(request, name, context, status=status))


def vary(response):
    """One address, two answers: neither the Back button nor a cache may mix them up."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def toast(request, response, text, *, undo=None):
    """Say `text` once, whatever the answer is: in a header for a part, as a message for the page that follows."""
    if is_fragment(request) and "HX-Redirect" not in response:
        return trigger(response, "toast", {"text": str(text), "undo": undo or ""})
    messages.success(request, text, extra_tags=undo or "")
    return response


def trigger(response, name, detail=None):
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[name] = detail if detail is not None else {}
    response.headers["HX-Trigger"] = json.dumps(events)
    return response


def go(request, url):
    """Redirect after a post: the browser follows a 303 by itself, htmx is told to load the page anew."""
    if is_fragment(request):
        return vary(HttpResponse(headers={"HX-Redirect": url}))
    return vary(HttpResponseRedirect(url, status=303))
