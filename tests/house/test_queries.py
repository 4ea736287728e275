"""Limits of SQL statements: six for a list of the API, eight for a detail or write, fifteen for a page.

They are counted with the six weeks of the sample, including session, sight and navigation. MORE lists the
exceptions, each with its reason and its own limit.
"""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.models import Model
from history.models import Event
from kit.actor import SYSTEM
from kit.kinds import url_of
from meetings.models import Meeting
from meetings.states import MeetingState
from people.models import Team, User
from people.operations import token
from rest.exporting import ExportOfList
from rest.resource import Collection, Item
from riskhub.urls import RESOURCES
from risklog.models import Category, Review, Risk
from risklog.operations import escalation as operations
from risklog.states import ReviewState, RiskState
from signals.models import BreachGroup
from tests.conftest import AT
from tests.house import addresses

LIST, DETAIL, PAGE = 6, 8, 15
# page -> its number, with the reason
MORE = {
    "a risk": 16,  # R-1 has comments and a file, each of which takes a query
    "a meeting_series": 17,  # its open swaps, and the teams of its observers
    "minutes": 16,  # and the snapshots that are pinned to the meeting
    "a model": 18,  # its five panels of upper rooms, its versions, who decides about it, its change requests
}
# A write loads each object that its body names, and writes row, subject, event and handovers of each object.
MORE_OF_WRITES = {
    "a risk whose body names team and owner too": 9,  # and the matrix gives the date of its first review
    "an action reassigned": 13,  # its due dates are replaced, one grant of sight begins and another ends
    "a decision with two actions": 15,  # as with any number of one owner's
}


# Only administrators and risk managers see these. tests/notices/test_webhooks.py,
# tests/people/test_invitations.py and tests/catalogue/test_registries.py count their statements.
OF_ADMINISTRATORS = {"webhook-endpoints", "invitations", "registries"}


@pytest.fixture
def reader(six_weeks, client):
    user = User.objects.get(email="sofia@example.org")
    client.force_login(user)
    return client


def _count(client, url: str) -> int:
    """Return the statements of the second request. The first one fills the caches of the process."""
    first = client.get(url, follow=True)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(first.redirect_chain[-1][0] if first.redirect_chain else url)
    assert answer.status_code == 200, (url, answer.status_code)
    return len([one for one in asked if "SAVEPOINT" not in one["sql"]])


def test_a_list_of_the_api_takes_six_statements_however_long_it_is(reader):
    wrong = {}
    for address, view in RESOURCES:
        if "<" in address or not issubclass(view, Collection) or view.spec.required:
            continue
        if issubclass(view, ExportOfList) or address in OF_ADMINISTRATORS:  # an export has no pages
            continue
        counts = [_count(reader, f"/api/v1/{address}?limit={limit}") for limit in (1, 5, 50)]
        if max(counts) > LIST or len(set(counts[1:])) > 1:
            wrong[address] = counts

    assert wrong == {}


def test_a_detail_of_the_api_takes_eight_statements(reader):
    wrong, counted = {}, set()
    for address, view in RESOURCES:
        first, _, rest = address.partition("/")
        if not issubclass(view, Item) or "GET" not in view.permission or rest != "<str:key>":
            continue
        if first in OF_ADMINISTRATORS:
            continue
        for row in reader.get(f"/api/v1/{first}?limit=1").json()["results"]:
            counted.add(first)
            count = _count(reader, f"/api/v1/{first}/{row['id']}")
            if count > DETAIL:
                wrong[address] = count

    assert wrong == {}
    assert len(counted) > 15  # the six weeks have no row of some kinds, such as an import


def test_a_write_takes_eight_statements_and_answers_what_is_read_after_it(six_weeks, client):
    sofia = User.objects.get(email="sofia@example.org")
    _, secret = token.issue(sofia, name="A tool", scope="write", by=SYSTEM, at=AT)
    bearer = {"Authorization": f"Bearer {secret}"}
    client.get("/api/v1/functions", headers=bearer)  # records the first use of the token
    counts = {}

    def write(name, path, body, method="post"):
        of = "/".join(path.split("/")[:2])
        tag = {"If-Match": client.get(f"/api/v1/{of}", headers=bearer)["ETag"]} if "/" in path else {}
        with CaptureQueriesContext(connection) as asked:
            answer = getattr(client, method)(
                f"/api/v1/{path}", body, content_type="application/json", headers={**bearer, **tag}
            )
        assert answer.status_code in {200, 201}, (name, answer.content)
        counts[name] = len([one for one in asked if "SAVEPOINT" not in one["sql"]])
        row = answer.json()
        known = client.get(f"/api/v1/{path.partition('/')[0]}/{row['id']}", headers=bearer)
        assert (known.json(), known["ETag"]) == (row, answer["ETag"]), name
        return row["id"], row["reference"]

    named = {"category": _slug(Category), "model": _slug(Model), "likelihood": 3, "impact": 4}
    owned = {"team": _slug(Team), "owner": "sofia@example.org"}
    risk, reference = write("a risk of five fields", "risks", {"title": "By hand", **named})
    write("a risk whose body names team and owner too", "risks", {"title": "Whole", **named, **owned})
    write("a score", f"risks/{risk}", {"impact": 5}, "patch")
    write("a step of a risk", f"risks/{risk}/close", {"evidence": "It holds in all tests."})
    dated = {"title": "Cap", "owner": "sofia@example.org", "due_on": "2026-12-18"}
    action, _ = write("an action", "actions", dated)
    write("a step of an action", f"actions/{action}/finish", {"note": "Capped."})
    action, _ = write("an action", "actions", dated)
    handed_on = {"owner": "admin@example.org", "due_on": "2026-12-21"}
    write("an action reassigned", f"actions/{action}", handed_on, "patch")
    decision = {"text": "Cap it", "reason": "It drifts", "about": reference, "actions": [dated, dated]}
    write("a decision with two actions", "decisions", decision)

    assert {name: count for name, count in counts.items() if count > MORE_OF_WRITES.get(name, DETAIL)} == {}
    assert {name: counts[name] for name in MORE_OF_WRITES} == MORE_OF_WRITES


def test_a_page_takes_fifteen_statements(reader):
    wrong = {}
    for name, url in _pages().items():
        count = _count(reader, url)
        if count > MORE.get(name, PAGE):
            wrong[name] = count

    assert wrong == {}


def test_the_later_panels_of_a_page_take_fifteen_statements(reader):
    counts = {}
    for name, url in _pages().items():
        later = re.search(r'hx-get="(/panels/\d+/)"', reader.get(url, follow=True).content.decode())
        if later:
            counts[name] = _count(reader, later[1])

    assert {name: count for name, count in counts.items() if count > PAGE} == {}
    assert {"a risk", "a breach", "a review", "a model", "a incident", "a experiment"} <= set(counts)


def test_what_climbs_takes_no_more_than_fifteen_either(reader, at):
    """Return the largest pages: a breach with a chart and an open review, and a restricted risk from it."""
    review = Review.objects.filter(state=ReviewState.OPEN, about__kind=BreachGroup.KIND).latest("opened_at")
    group = BreachGroup.objects.get(subject=review.about)
    risk = Risk.objects.filter(subject__viewers__isnull=False).exclude(state=RiskState.CLOSED).latest("pk")
    Risk.objects.filter(pk=risk.pk).update(breach_group=group, series=group.breaches.first().series)
    climbing = [
        operations.start(
            about=one.subject, title=one.title, why="No answer", severity="critical", by=SYSTEM, at=at
        )
        for one in (review, risk)
    ]

    urls = [url_of(one.subject) for one in (review, group, risk, *climbing)]
    counts = {url: _count(reader, url) for url in urls}

    assert {url: count for url, count in counts.items() if count > PAGE} == {}
    assert all("Escalation ladder" in reader.get(url).content.decode() for url in urls)


def _slug(kind: type) -> str:
    return kind.objects.filter(subject__viewers=None).order_by("id").first().slug


def _pages() -> dict[str, str]:
    """Return lists and details of every room, of the objects with the most content."""
    found = {
        one.name: reverse(one.name)
        for one in addresses.pages()
        if one.name.endswith(("_list", "_board", "inbox", "home"))
        and not re.search("mail|webhook|invitation|registry", one.name)
    }
    busiest: dict[str, tuple[int, object]] = {}
    for event in Event.objects.select_related("subject"):
        count = busiest.get(event.subject.kind, (0,))[0]
        known = Event.objects.filter(subject=event.subject_id).count() if url_of(event.subject) else 0
        if known > count:
            busiest[event.subject.kind] = (known, event.subject)
    for kind, (_, subject) in busiest.items():
        found[f"a {kind}"] = url_of(subject)
    closed = Meeting.objects.filter(state=MeetingState.CLOSED).select_related("subject").first()
    found["minutes"] = reverse("meetings:meeting_minutes", args=[closed.reference])
    return found
