"""Responses that are a whole page or one named part of it, rendered from one template.

A view loads, checks, acts, and ends with `respond(request, "room/page.html", "rows", {...})`. It returns the
whole page without JavaScript and on a fresh load. It returns only the part for a request of htmx.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event
from django_htmx.middleware import HtmxDetails

Answer = TypeVar("Answer", bound=HttpResponse)


def is_fragment(request: HttpRequest) -> bool:
    """Return True if htmx requests a part of a page. A boosted or restored page is requested as a whole."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def is_over(request: HttpRequest, path: str) -> bool:
    """Return True if htmx requests a part from the page at this path, such as for an editor over a list."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    return is_fragment(request) and (htmx.current_url_abs_path or "").partition("?")[0] == path


def vary(response: Answer) -> Answer:
    """Set Vary, so that caches and the Back button do not mix up the page and its part."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def respond(
    request: HttpRequest,
    template: str,
    part: str | None = None,
    context: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page, or for htmx its part of this name. Give a form with errors status 422."""
    name = f"{template}#{part}" if part and is_fragment(request) else template
    return vary(render(request, name, dict(context or {}), status=status))


def toast(request: HttpRequest, response: Answer, text: str, *, undo: str = "") -> Answer:
    """Show `text` once, in the next response that reaches the person.

    undo: an address that accepts a POST.
    """
    if is_fragment(request) and not isinstance(response, HttpResponseClientRedirect):
        return trigger_client_event(response, "toast", {"text": str(text), "undo": undo})
    messages.success(request, text, extra_tags=undo)
    return response


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect to `url` after a POST: a 303 for browsers, a header for htmx, which then loads the page."""
    if is_fragment(request):
        return vary(HttpResponseClientRedirect(url))
    return vary(HttpResponseRedirect(url, status=303))


def back_to(request: HttpRequest, otherwise: str) -> str:
    """Return the address in the form's field "next" if it belongs to this site, else `otherwise`."""
    url = request.POST.get("next", "")
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}) else otherwise
