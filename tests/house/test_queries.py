"""How many statements an answer takes: six a list of the API, eight a detail, fifteen a composed page.

Counted over the six weeks, with what every answer needs for its session, sight and shell. What is more than
that stands in MORE with its reason and its own bound; nothing else may join it unseen.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history.models import Event
from kit.actor import SYSTEM
from kit.links import url_of
from meetings.models import Meeting
from meetings.states import MeetingState
from people.models import User
from riskhub import links
from riskhub.urls import RESOURCES
from risklog.models import Review, Risk
from risklog.operations import escalation as operations
from risklog.states import ReviewState, RiskState
from signals.models import BreachGroup
from tests.house import addresses

LIST, DETAIL, PAGE = 6, 8, 15
# page -> how many, and why it may
MORE: dict[str, int] = {}


@pytest.fixture
def reader(six_weeks, client):
    user = User.objects.get(email="sofia@example.org")
    client.force_login(user)
    return client


def _count(client, url: str) -> int:
    """Statements of the second asking; the first fills what a process keeps and finds a page by number."""
    first = client.get(url, follow=True)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(first.redirect_chain[-1][0] if first.redirect_chain else url)
    assert answer.status_code == 200, (url, answer.status_code)
    return len([one for one in asked if "SAVEPOINT" not in one["sql"]])


def test_a_list_of_the_api_takes_six_statements_however_long_it_is(reader):
    wrong = {}
    for address, view in RESOURCES:
        if "<" in address or "GET" not in view.permission or address == "points":
            continue
        counts = [_count(reader, f"/api/v1/{address}?limit={limit}") for limit in (1, 5, 50)]
        if max(counts) > LIST or len(set(counts[1:])) > 1:
            wrong[address] = counts

    assert wrong == {}


def test_a_detail_of_the_api_takes_eight_statements(reader):
    wrong = {}
    for address, view in RESOURCES:
        first, _, rest = address.partition("/")
        if "GET" not in view.permission or rest != "<str:key>":
            continue
        row = reader.get(f"/api/v1/{first}?limit=1").json()["results"][0]
        count = _count(reader, f"/api/v1/{first}/{row['id']}")
        if count > DETAIL:
            wrong[address] = count

    assert wrong == {}


def test_a_page_takes_fifteen_statements(reader):
    wrong = {}
    for name, url in _pages().items():
        count = _count(reader, url)
        if count > MORE.get(name, PAGE):
            wrong[name] = count

    assert wrong == {}


def test_what_climbs_takes_no_more_than_fifteen_either(reader, at):
    """The pages with most on them: a breach drawn, asked about and unanswered; a restricted risk of it."""
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


def _pages() -> dict[str, str]:
    """Lists and details of every room, each about what has most to show."""
    found = {
        one.name: reverse(one.name)
        for one in addresses.pages()
        if one.name.endswith(("_list", "_board", "inbox", "home")) and "mail" not in one.name
    }
    busiest: dict[str, tuple[int, object]] = {}
    for event in Event.objects.select_related("subject"):
        count = busiest.get(event.subject.kind, (0,))[0]
        known = (
            Event.objects.filter(subject=event.subject_id).count() if event.subject.kind in links.PAGES else 0
        )
        if known > count:
            busiest[event.subject.kind] = (known, event.subject)
    for kind, (_, subject) in busiest.items():
        found[f"a {kind}"] = links.PAGES[kind](subject)
    closed = Meeting.objects.filter(state=MeetingState.CLOSED).select_related("subject").first()
    found["minutes"] = reverse("meetings:meeting_minutes", args=[closed.reference])
    return found
