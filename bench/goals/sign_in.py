"""Goal 30: how long signing in takes, against the log-in view of Django with the same person and database."""

from __future__ import annotations

import statistics
import time

from django.contrib.auth.views import LoginView
from django.test import Client, override_settings
from django.urls import path

from bench import figures
from bench.figures import Line
from bench.run import Run
from kit.actor import SYSTEM
from people.models import User
from people.operations import person

MOST = 1.5
TIMES, WARM = 15, 2
PASSWORD = "a-passphrase-for-the-bench"  # noqa: S105 - of a person of the bench
OURS, DJANGOS = "/people/sign-in/", "/login/"
# Django's side: its view with the middleware that it needs.
urlpatterns = [path("login/", LoginView.as_view(next_page="/"))]
_BARE = {
    "ROOT_URLCONF": __name__,
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
}


def signed_in(run: Run) -> Line:
    """Measure goal 30: a browser without cookies sends the form, again and again, to each in turn."""
    line = Line(30, "signing in", f"≤ {MOST:g} × Django's own log-in view")
    reader = User.objects.active().order_by("pk")[0]
    person.set_password(reader, PASSWORD, by=SYSTEM, at=run.at)
    took: dict[str, list[float]] = {OURS: [], DJANGOS: []}
    for number in range(WARM + TIMES):
        seconds, status = _sent(OURS, {"email": reader.email, "password": PASSWORD})
        with override_settings(**_BARE):
            bare, bare_status = _sent(DJANGOS, {"username": reader.email, "password": PASSWORD})
        if (status, bare_status) != (303, 302):
            line.met, line.why = False, f"The answers are {status} and {bare_status}."
            return line
        if number >= WARM:
            took[OURS].append(seconds)
            took[DJANGOS].append(bare)
    spread = figures.spread([ours / bare for ours, bare in zip(took[OURS], took[DJANGOS], strict=True)])
    line.figure, line.least, line.greatest = spread.median, spread.least, spread.greatest
    line.met = spread.median <= MOST
    ours, bare = (statistics.median(took[address]) * 1000 for address in (OURS, DJANGOS))
    line.why = f"{ours:.0f} ms and {bare:.0f} ms; most of both is the hash of the password."
    return line


def _sent(address: str, fields: dict[str, str]) -> tuple[float, int]:
    """Send the form. Return the seconds and the status."""
    browser = Client(SERVER_NAME="localhost")
    began = time.perf_counter()
    answer = browser.post(address, fields)
    return time.perf_counter() - began, answer.status_code
