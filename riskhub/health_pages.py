"""The health of the pipeline for people and for monitoring: page, banner, JSON, Prometheus text.

Everyone learns whether it is well. The details are for administrators, on the page or with a token that may
read, because a monitoring tool has no session.
"""

import math
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from rest_framework.exceptions import AuthenticationFailed

from kit import clock
from kit.rights import OPEN, may, view_needs
from kit.sight import Visitor
from pages.answers import respond
from people import queries as people
from people.authentication import BearerToken
from riskhub.health import UNAVAILABLE, why_unavailable
from riskhub.pipeline import Condition, Level, conditions, worst

PERMISSION = "people.health_view"
# Beat sends its first tasks up to 20 seconds after a start, which starts the web process, too.
_STARTS_FOR = 45.0  # seconds
_started_at = time.monotonic()
_LEVELS = {Level.OK: 0, Level.WARNING: 1, Level.RED: 2}


def _found() -> list[Condition]:
    """Return the conditions in the time of the register: a sample may be ahead of the clock."""
    is_starting = time.monotonic() - _started_at < _STARTS_FOR
    with clock.ahead_by(people.time_ahead()):
        return conditions(clock.now(), is_starting=is_starting)


@never_cache
@require_safe
@view_needs(OPEN)
def pipeline(request: HttpRequest) -> HttpResponse:
    """Answer {"status": "ok" | "warning" | "red"}, with 503 for red; with all conditions for administrators.

    It is for monitoring, not for a load balancer: a web process can answer while no worker runs.
    """
    try:
        is_allowed, found = may(_sender(request), PERMISSION), _found()
    except Error as error:
        said = {"status": Level.RED, "why": why_unavailable(error)}
        return JsonResponse(said, status=HTTPStatus.SERVICE_UNAVAILABLE, headers=UNAVAILABLE)
    status = worst(found)
    body: dict[str, object] = {"status": status}
    if is_allowed:
        body["conditions"] = [_as_json(one) for one in found]
    code = HTTPStatus.SERVICE_UNAVAILABLE if status == Level.RED else HTTPStatus.OK
    return JsonResponse(body, status=code)


@never_cache
@require_safe
@view_needs(OPEN)
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the conditions in the text format of Prometheus, to an administrator or their token."""
    try:
        if not may(_sender(request), PERMISSION):
            how = "Send the token of an administrator: Authorization: Bearer <token>."
            return _plain(how, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Bearer realm="riskhub"'})
        found = _found()
    except Error as error:
        return _plain(why_unavailable(error), HTTPStatus.SERVICE_UNAVAILABLE, UNAVAILABLE)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Conditions(found))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


@never_cache
@require_safe
@view_needs(PERMISSION)
def page(request: HttpRequest) -> HttpResponse:
    """The page *Health*. It reads its list again every ten seconds."""
    found = _found()
    context = {"conditions": found, "status": worst(found)}
    return respond(request, "health.html", "conditions", context)


@never_cache
@require_safe
@view_needs(PERMISSION)
def banner(request: HttpRequest) -> HttpResponse:
    """What every page shows to administrators: the red conditions, nothing without one."""
    red = [one for one in _found() if one.level == Level.RED]
    return respond(request, "_health_banner.html", None, {"red": red})


def _plain(text: str, status: HTTPStatus, headers: Mapping[str, str]) -> HttpResponse:
    plain = "text/plain; charset=utf-8"
    return HttpResponse(f"{text}\n", status=status, content_type=plain, headers=dict(headers))


def _sender(request: HttpRequest) -> Visitor:
    """Return the person of the session, or of a valid token."""
    if request.user.is_authenticated:
        return request.user
    try:
        found = BearerToken().authenticate(request)  # type: ignore[arg-type]  # it reads only the header
    except AuthenticationFailed:
        return request.user
    return found[0] if found else request.user


def _as_json(one: Condition) -> dict[str, object]:
    return {
        "key": one.key,
        "label": one.label,
        "level": one.level,
        "value": one.value,
        "limit": one.limit,
        "unit": "seconds" if one.is_seconds else "rows",
        "text": one.text,
        "fix": one.fix,
    }


class _Conditions(Collector):
    """Each condition as a gauge of its value, and the levels of all as one more: 0 ok, 1 warning, 2 red."""

    def __init__(self, found: list[Condition]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        levels = GaugeMetricFamily(
            "riskhub_condition_level", "0: ok, 1: warning, 2: red.", labels=["condition"]
        )
        for one in self._found:
            value = math.inf if one.value is None else one.value
            unit = "_seconds" if one.is_seconds else ""
            said = f"{one.label}: not ok above {one.limit:g}."
            yield GaugeMetricFamily(f"riskhub_{one.key}{unit}", said, value=value)
            levels.add_metric([one.key], _LEVELS[one.level])
        yield levels
