"""The list that a reader of a risk came from: its query travels in the address, as ?list=."""

from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpRequest
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from lists.specification import BadQuery, Selection
from risklog.filters.risk import RISK_LIST
from risklog.models import Risk

PARAMETER = "list"


def origin(request: HttpRequest) -> Selection | None:
    """Return the selection of the list that the reader came from; None if they came from elsewhere.

    A part of a page is asked for by the page: the list itself, or a page whose address has the list. A query
    that the list does not accept is ignored, because the page of a risk does not depend on it.
    """
    query = request.GET.get(PARAMETER)
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    if query is None and htmx:
        page = urlsplit(htmx.current_url or "")
        if page.path == reverse("risklog:risk_list"):
            query = page.query
        else:
            query = parse_qs(page.query, keep_blank_values=True).get(PARAMETER, [None])[0]
    if query is None:
        return None
    try:
        return RISK_LIST.read(query)
    except BadQuery:
        return None


def suffix(selection: Selection | None) -> str:
    """Return what an address needs to keep the list; "" without one."""
    return "" if selection is None else f"?{urlencode({PARAMETER: selection.query()})}"


def address_of(request: HttpRequest, risk: Risk) -> str:
    """Return the page of a risk, in the list that the reader came from."""
    return reverse("risklog:risk_detail", args=[risk.reference]) + suffix(origin(request))
